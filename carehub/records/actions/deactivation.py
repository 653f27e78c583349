"""End somebody's access altogether: log-ins, places on every team, in one transaction."""

from collections import defaultdict
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from carehub.access.audience import team
from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of, explain, roles_beside
from carehub.accounts import actions as accounts
from carehub.audit import trail
from carehub.core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import CareRecord, Membership, Person
from carehub.events.obligations import lock_inboxes

from .places import ABLE, Heir, end_place, hold, take_over


@transaction.atomic
def deactivate_person(*, by: Person, person_id: UUID, reason: str, successor_id: UUID | None = None) -> Person:
    """End somebody's access: sessions, tokens and tickets, and every place on every record, handed over at once.

    Where the successor is on the team he takes over, elsewhere the care manager, or whoever `take_over` finds for
    one. Raises NotVisible for somebody who works at no organization of the caller's, NotAllowed, Conflict for oneself
    and for somebody who is deactivated already, InvalidInput for a successor who is on none of the teams.
    """
    _may_deactivate(by, person_id)
    if person_id == by.pk:
        raise Conflict("Nobody deactivates the own account. Ask another admin.")
    ids = sorted(set(_places(person_id).values_list("record_id", flat=True)))
    records = {id: CareRecord.objects.lock(id) for id in ids}
    held = {id: hold(id) for id in sorted({person_id, by.pk})}
    if held[by.pk] is None:  # two admins deactivate each other: the second one's log-in has just ended
        raise NotVisible()
    person = held[person_id]
    if person is None:
        raise Conflict("This person is deactivated already.")
    places: dict[UUID, list[Membership]] = defaultdict(list)
    for place in _places(person_id).select_related("person").order_by("record_id", "pk"):
        places[place.record_id].append(place)
    if set(places) - set(records):
        raise Conflict("This person has joined another team this very moment. Try again.")
    _check_successor(records, person_id, successor_id)
    trail.wrote("person.deactivate", by=by.pk, on=person_id)
    person.is_active = False
    person.save(update_fields=["is_active"])
    accounts.end_access(person_id=person_id)
    _end_places(records, places, by=by, reason=reason, successor_id=successor_id)
    return person


def _may_deactivate(by: Person, person_id: UUID) -> None:
    roles = roles_beside(by.pk, person_id)
    if not roles:
        raise NotVisible()
    if Capability.PERSON_DEACTIVATE not in capabilities_of(roles, is_care_manager=False):
        raise NotAllowed(explain(roles, Capability.PERSON_DEACTIVATE), capability=Capability.PERSON_DEACTIVATE.value)


def _places(person_id: UUID) -> "QuerySet[Membership]":
    return Membership.objects.filter(person_id=person_id, ended_at=None)


def _check_successor(records: dict[UUID, CareRecord], person_id: UUID, successor_id: UUID | None) -> None:
    if successor_id is None:
        return
    if successor_id == person_id or not _able(successor_id).filter(record__in=list(records)).exists():
        raise InvalidInput(
            "The successor must be a clinician or coordinator on one of this person's teams.", pointer="/successor_id"
        )


def _able(person_id: UUID) -> "QuerySet[Membership]":
    return _places(person_id).filter(role__in=ABLE, person__is_active=True)


def _end_places(
    records: dict[UUID, CareRecord],
    places: dict[UUID, list[Membership]],
    *,
    by: Person,
    reason: str,
    successor_id: UUID | None,
) -> None:
    """Heirs first, then every inbox at once in the order of all writers, then one place after the other."""
    able_on = set(_able(successor_id).values_list("record_id", flat=True)) if successor_id else set()
    heirs = {
        id: take_over(records[id], held[0], successor_id if id in able_on else None, leaves_altogether=True)
        for id, held in places.items()
    }
    inboxes = {heir.person_id for heir in heirs.values()}
    for id, held in places.items():
        inboxes |= {member.person_id for member in team(records[id])} | {held[0].person_id}
    lock_inboxes(inboxes)
    for id, held in places.items():
        heir = heirs[id]
        for place in held:
            end_place(records[id], place, heir, by=by, reason=reason)
            heir = Heir(heir.person_id)
