"""Who may do what, and who must know what. The only place that answers either question.

Owns the capabilities, the one matrix (roles.py), the obligation rules, and the functions `can`, `require`,
`lock_to_change` (require, under the record's lock), `visible`, `audience`, `explain`.
Must not know how anything is stored, sent or shown.
"""

from .audience import audience
from .capabilities import Capability
from .policy import can, explain, lock_to_change, require, visible

__all__ = ["Capability", "audience", "can", "explain", "lock_to_change", "require", "visible"]
