"""A place on a team ends without the record's lock, while a writer takes a moment between audience and commit."""

from importlib import import_module
from typing import Any

from config.asgi import application

__all__ = ["application"]

access: Any = import_module("carehub.access.policy")
directory: Any = import_module("carehub.directory.models")
records: Any = import_module("carehub.records.actions.team")
messaging: Any = import_module("carehub.messaging.actions")
database: Any = import_module("django.db")
audience = messaging.audience


def see_only(person: Any, capability: Any, record_id: Any) -> Any:
    """Authorize, and lock nothing."""
    record = directory.CareRecord.objects.get(pk=record_id)
    access.require(person, capability, record)
    return record


def slowly(*arguments: Any, **options: Any) -> Any:
    """The audience as it was a moment ago."""
    found = audience(*arguments, **options)
    with database.connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1)")
    return found


records.lock_to_change = see_only
messaging.audience = slowly
