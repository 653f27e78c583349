"""CareHub whose hub sends every row to whom it is addressed, without asking whether he may still read it."""

from carehub.access.policy import READABLE_SQL
from carehub.delivery import hub, ledger
from config.asgi import application

hub.READ_SQL = ledger.READ_SQL.replace(READABLE_SQL, "true")  # type: ignore[attr-defined]
assert READABLE_SQL not in hub.READ_SQL  # type: ignore[attr-defined]

__all__ = ["application"]
