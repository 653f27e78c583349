"""The one clock: the database's, read through `carehub_now()`.

Only an installation made by tests or by `carehub prove` can move it (`core_installation.clock_offset`); every due
time, expiry and order in the product is computed from it, so that a wrong clock on a server changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connection
from django.db.models import DateTimeField, Func, QuerySet


class DatabaseNow(Func):
    """`carehub_now()` inside a query or as a column's default."""

    function = "carehub_now"
    template = "%(function)s()"
    output_field: ClassVar[DateTimeField[datetime, datetime]] = DateTimeField()


def now() -> datetime:
    """The database's time, at the cost of one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT carehub_now()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment


def take_turn(rows: QuerySet[Any], period: timedelta) -> bool:
    """Whether what is done once a `period` is due and now the caller's; however many ask, one is told so.

    `rows` is the one row, made when it is missing, whose `due_at` says when it is due again.
    """
    due_at = DatabaseNow() + period
    if rows.filter(due_at__lte=DatabaseNow()).update(due_at=due_at):
        return True
    _, is_first = rows.get_or_create(defaults={"due_at": due_at})
    return is_first
