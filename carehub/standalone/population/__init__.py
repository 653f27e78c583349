"""Made-up records in bulk, for measuring: people, teams and a ledger of messages, by COPY.

The audiences are those that `access` computes; the rows are as `publish` and the receipts would have left them, so
that `carehub verify-ledger` finds the ledger whole. Must not be made in a database that holds real care.
"""

from .making import AlreadyMade, Made, Size, make_data, require_dedicated

__all__ = ["AlreadyMade", "Made", "Size", "make_data", "require_dedicated"]
