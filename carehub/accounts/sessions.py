"""Django's database sessions, with the person in a column of its own."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

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
        return session
