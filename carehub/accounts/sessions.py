"""Django's database sessions, with the person in a column of its own, outdated by the database's clock."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

from carehub.core.clock import DatabaseNow, now

from .models import Session


class SessionStore(DatabaseSessionStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        """Whether it can be one of ours at all; what a stranger writes into a cookie never reaches the database."""
        return bool(key) and str(key).isascii() and str(key).isalnum() and 8 <= len(str(key)) <= 40

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """A row that can be found by its person."""
        session: Session = super().create_model_instance(data)  # type: ignore[assignment]
        session.person_id = data.get(SESSION_KEY)
        session.expire_date = now() + timedelta(seconds=self.get_expiry_age())
        return session

    def _get_session_from_db(self) -> Session | None:
        row = Session.objects.filter(session_key=self.session_key, expire_date__gt=DatabaseNow()).first()
        if row is None:
            self._session_key = None
        return row
