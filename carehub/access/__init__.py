"""Who may do what, and who must know what. The only place that answers either question.

Owns the capabilities, the one matrix (roles.py), the rule books of organizations, and the functions `can`, `require`,
`lock_to_change` (require, under the record's lock), `visible`, `audience`, `explain`.
Must not know how anything is stored, sent or shown.
"""

from typing import TYPE_CHECKING

from .capabilities import Capability

if TYPE_CHECKING:
    from .audience import audience
    from .policy import can, explain, lock_to_change, require, visible

LENT = {"audience": ("audience",), "policy": ("can", "explain", "lock_to_change", "require", "visible")}
"""What apps.py adds as soon as there are tables, by module."""

__all__ = ["Capability", "audience", "can", "explain", "lock_to_change", "require", "visible"]
