"""What must be true of the ledger at every commit, as data: `carehub verify-ledger` looks for rows that break it.

Each invariant is one statement that a writer's transaction cannot make untrue halfway: it sees one snapshot.
"""

from .clocks import CLOCKS
from .facts import FACTS
from .invariant import Invariant
from .numbers import NUMBERS
from .people import PEOPLE
from .rendering import RENDERING

INVARIANTS: tuple[Invariant, ...] = (*PEOPLE, *NUMBERS, *CLOCKS, *FACTS, *RENDERING)

__all__ = ["INVARIANTS", "Invariant"]
