"""The cursor of a list in order of deadline, `<due_at>~<id>...`: `next` of one page and `after` of the following."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from carehub.core.errors import BadRequest


def make_key(due_at: datetime | None, *ids: UUID) -> str:
    """The cursor of a row."""
    return "~".join([due_at.isoformat() if due_at else "", *map(str, ids)])


def parse_key(cursor: str | None, parts: int) -> Any:
    """A cursor as (due_at, ids ...), None for None. Raises BadRequest unless it has so many parts."""
    if cursor is None:
        return None
    try:
        moment, *ids = cursor.replace(" ", "+").split("~")
        since = datetime.fromisoformat(moment)
        key = (since, *map(UUID, ids))
        if len(key) != parts or since.utcoffset() != timedelta() or not 2000 <= since.year <= 9000:
            raise ValueError
    except ValueError:
        raise BadRequest("`after` must be the `next` of an earlier page.", pointer="/after") from None
    return key
