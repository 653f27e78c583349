"""Which rule book counts. A version never changes, so that each process reads it once and keeps it by its id."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from .models import RuleBook
from .rulebook import Book
from .rules import DEFAULT, Rules, ready

_KEPT_AT_MOST = 256
_kept: dict[UUID, Rules] = {}


def rules_of(id: UUID | None) -> Rules:
    """The rules of one version; the built-in ones for None. At most one query, and none for a version that is kept."""
    if id is None:
        return DEFAULT
    found = _kept.get(id)
    if found is None:
        found = _kept[id] = ready(stored(RuleBook.objects.values_list("body", flat=True).get(pk=id)), id)
    return found


def rules_in_force(organization_id: UUID) -> Rules:
    """The rules by which an organization's records live now. One query, one more for a version not met before."""
    newest = RuleBook.objects.filter(organization_id=organization_id).order_by("-version")
    return rules_of(newest.values_list("pk", flat=True).first())


def keep(ids: Iterable[UUID | None]) -> None:
    """Read the versions that are not kept yet, in one query; none when all are. For a page of rows of many events."""
    missing = {id for id in ids if id is not None and id not in _kept}
    if not missing:
        return
    if len(_kept) + len(missing) > _KEPT_AT_MOST:
        _kept.clear()
    for id, body in RuleBook.objects.filter(pk__in=missing).values_list("pk", "body"):
        _kept[id] = ready(stored(body), id)


def stored(body: object) -> Book:
    """A stored version as its struct."""
    return msgspec.convert(body, type=Book)


def current(organization_id: UUID) -> RuleBook | None:
    """The newest version that an organization adopted; None while it lives by the built-in book."""
    rows = RuleBook.objects.filter(organization_id=organization_id).select_related("adopted_by")
    return rows.order_by("-version").first()
