"""Django's backend, which must not ask a silent database twice in one request."""

from __future__ import annotations

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction that ends because its connection broke leaves none behind."""

    def set_autocommit(self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
        """As Django does; but no new connection is made for it, since each begins in autocommit.

        Otherwise the end of a transaction waits for the database a second time, after it was given up.
        """
        if autocommit and self.connection is None and not self.in_atomic_block:
            return
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
