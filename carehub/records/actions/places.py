"""How a place on a team begins and ends, whoever asks for it. All of it runs under the record's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Case, QuerySet, When

from carehub.access.audience import audience, covering, joining, joining_unshown, team
from carehub.access.policy import capabilities_of
from carehub.access.roles import CLINICIANS, EVENT_READ
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, InvalidInput
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Membership, Person, PractitionerRole, Role
from carehub.events import doorbell
from carehub.events.catalogue import FlagAnswered, FlagRaised, MembershipEnded, MembershipStarted
from carehub.events.models import Delivery, Event
from carehub.events.obligations import catch_up, current_standing, hand_over, lock_inboxes
from carehub.events.publish import publish
from carehub.events.rendering import rendered

if TYPE_CHECKING:
    from carehub.events.audience import Addressee

ABLE = frozenset({*CLINICIANS, Role.COORDINATOR})
"""Roles that read everything a team is told: who may manage a record, inherit from a leaver, or cover."""

_OFFICES = (Role.COORDINATOR, Role.ORGANIZATION_ADMIN)


@dataclass(frozen=True, slots=True)
class Cover:
    """A place to be made for somebody who covers a role: until when, and on account of which shift or absence."""

    person_id: UUID
    role: Role
    purpose: str
    until: datetime
    on_account_of: UUID


@dataclass(frozen=True, slots=True)
class Heir:
    """To whom a leaver's open obligations go; `place` is the one that was made for him, if he had none."""

    person_id: UUID
    place: Membership | None = None


def hold(person_id: UUID) -> Person | None:
    """This person, if he is active, and stays so until the end of the transaction: deactivation waits for it."""
    return Person.objects.select_for_update(no_key=True).filter(pk=person_id, is_active=True).first()


def make_places(record: CareRecord, covers: Sequence[Cover]) -> None:
    """Give each a place as cover, in the caller's transaction and under the record's lock.

    What stands is told to them and asks nothing; somebody who is not active any more gets none.
    """
    people = {cover.person_id: hold(cover.person_id) for cover in sorted(covers, key=lambda c: c.person_id)}
    lock_inboxes([*people, *(member.person_id for member in team(record))])
    for cover in covers:
        person = people[cover.person_id]
        if person is None:
            continue
        place = Membership.objects.create(
            record=record,
            person=person,
            role=cover.role,
            purpose=cover.purpose,
            covers_until=cover.until,
            covers_id=cover.on_account_of,
        )
        trail.wrote(
            "member.cover",
            by=person.pk,
            record_id=record.pk,
            patient_id=record.patient_id,
            on=cover.on_account_of,
        )
        welcome(record, place, by=None)


def due_covers() -> QuerySet[Membership]:
    """Places as cover whose time is over, longest first."""
    return Membership.objects.filter(ended_at=None, covers_until__lte=now()).order_by("covers_until")


@transaction.atomic
def end_cover(*, membership_id: UUID) -> bool:
    """End a place as cover whose time is over, like any other place; False when there is nothing to end.

    Raises Conflict when nobody can take over what is open.
    """
    found = Membership.objects.filter(pk=membership_id).values_list("record_id", flat=True).first()
    if found is None:
        return False
    record = CareRecord.objects.lock(found)
    place = due_covers().select_related("person").filter(pk=membership_id).first()
    if place is None:
        return False
    heir = take_over(record, place, None)
    lock_inboxes([place.person_id, heir.person_id, *(member.person_id for member in team(record))])
    end_place(record, place, heir, by=None, reason="The cover ended.")
    return True


def end_place(record: CareRecord, place: Membership, heir: Heir, *, by: Person | None, reason: str) -> None:
    """End one place: its open obligations to the heir, the team told. The inboxes of all of them are locked."""
    leaver = place.person
    left = _roles_left(place)
    if heir.place is not None:
        welcome(record, heir.place, by=by)
    place.ended_at = now()
    place.save(update_fields=["ended_at"])
    hand_over(
        record_id=record.pk,
        from_id=leaver.pk,
        to_id=heir.person_id,
        reason=reason,
        types=_unreadable(left, is_care_manager=record.care_manager_id == leaver.pk) if left else None,
        asked_as=place.role,
    )
    trail.wrote(
        "membership.end",
        by=by.pk if by else leaver.pk,
        record_id=record.pk,
        patient_id=record.patient_id,
        on=place.pk,
    )
    fact = MembershipEnded(
        membership_id=place.pk,
        person_id=leaver.pk,
        person_name=leaver.name,
        role=place.role,
        reason=reason,
        successor_id=None if left else heir.person_id,
    )
    told = None if left else place
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk if by else None, leaver=told))
    doorbell.ring_gone_after_commit([leaver.pk])


def take_over(
    record: CareRecord, place: Membership, successor_id: UUID | None, *, leaves_altogether: bool = False
) -> Heir:
    """Who inherits when this place ends. The record keeps a care manager who can read all.

    When the care manager leaves: the successor, else the organization's default, else another able member of the
    team, else a coordinator or admin of the managing organization, for whom a place is made. Raises InvalidInput for
    a successor who is not able here, and Conflict when there is nobody at all.
    """
    leaver = place.person
    left = [] if leaves_altogether else _roles_left(place)
    able = _able(record).exclude(person=leaver)
    if successor_id is not None and not able.filter(person_id=successor_id).exists():
        raise InvalidInput("The successor must be a clinician or coordinator on this team.", pointer="/successor_id")
    if record.care_manager_id != leaver.pk or ABLE.intersection(left):
        return Heir(successor_id or record.care_manager_id)
    person_id = successor_id or _heir(record, leaver)
    if person_id is None:
        raise Conflict("The care manager leaves, and there is nobody here or at the organization to take over.")
    made = None
    if not able.filter(person_id=person_id).exists():
        made = Membership.objects.create(
            record=record, person_id=person_id, role=Role.COORDINATOR, purpose="Care manager"
        )
    record.care_manager_id = person_id
    record.save(update_fields=["care_manager"])
    return Heir(person_id, made)


def welcome(record: CareRecord, place: Membership, *, by: Person | None) -> None:
    """Catch up with what stands (with a second role: what the first one might not read), and tell the team."""
    _catch_up(record, place)
    fact = MembershipStarted(
        membership_id=place.pk,
        person_id=place.person.pk,
        person_name=place.person.name,
        role=place.role,
        purpose=place.purpose,
    )
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk if by else None))


def _catch_up(record: CareRecord, place: Membership) -> None:
    standing = {event.pk: event for event in current_standing(record.pk)}
    joins = {id: _joins(record, place, event) for id, event in standing.items()}
    if place.covers_until is not None:
        # Who covers again keeps his rows as they ended; nothing is asked of him a second time.
        had = Delivery.objects.filter(person_id=place.person_id, event__in=standing, n__isnull=False)
        known = set(had.values_list("event_id", flat=True))
        joins = {id: covering(addressee) for id, addressee in joins.items() if id not in known}
    catch_up(person_id=place.person_id, addressees=joins)


def _joins(record: CareRecord, place: Membership, event: Event) -> Addressee:
    fact = rendered(event.type, event.body)
    if fact is None:
        return joining_unshown(record, place.person_id, event.type)
    asked = list(fact.asked_roles) if isinstance(fact, FlagRaised) else []
    answered = _answered_roles(record, event.topic) if asked else set()
    return joining(
        record,
        place.person_id,
        fact,
        author_id=event.author_id,
        rulebook_id=event.rulebook_id,
        still_asked=[role for role in asked if role not in answered],
    )


def _answered_roles(record: CareRecord, topic: str) -> set[str]:
    answers = record.events.filter(topic=topic, type="flag.answered").values_list("type", "body")
    facts = (rendered(type, body) for type, body in answers)
    return {role for fact in facts if isinstance(fact, FlagAnswered) for role in fact.roles}


def _works_at(record: CareRecord, person_id: UUID) -> bool:
    """Whether he still works where the record is managed: who has left must not be shown it."""
    employments = PractitionerRole.objects.filter(person_id=person_id, ended_at=None, code__in=[*ABLE, *_OFFICES])
    return employments.filter(organization_id=record.managing_organization_id).exists()


def _roles_left(place: Membership) -> list[Role]:
    others = Membership.objects.filter(record=place.record_id, person=place.person_id, ended_at=None)
    return [Role(role) for role in others.exclude(pk=place.pk).values_list("role", flat=True)]


def _unreadable(roles: Sequence[Role], *, is_care_manager: bool) -> list[str]:
    """The event types that somebody with these roles left may not read."""
    may = capabilities_of(roles, is_care_manager=is_care_manager)
    return [type for type, capability in EVENT_READ.items() if capability not in may]


def _able(record: CareRecord) -> QuerySet[Membership]:
    return Membership.objects.filter(record=record, ended_at=None, role__in=ABLE, person__is_active=True)


def _heir(record: CareRecord, leaver: Person) -> UUID | None:
    """Who takes a record over that its care manager leaves; whoever is cared for here, or a relative, never."""
    cared_for = Membership.objects.filter(record=record, role__in=[Role.PATIENT, Role.CAREGIVER])
    kept_out = {leaver.pk, *cared_for.values_list("person_id", flat=True)}
    if record.patient.person_id is not None:
        kept_out.add(record.patient.person_id)
    default = record.managing_organization.default_care_manager_id
    if default is not None and default not in kept_out and _works_at(record, default) and hold(default) is not None:
        return default
    first = Case(When(role=Role.COORDINATOR, then=0), default=1)
    on_team = _able(record).filter(covers_until=None).exclude(person_id__in=kept_out)
    for person_id in on_team.order_by(first, "started_at", "pk").values_list("person_id", flat=True):
        return person_id
    offices = PractitionerRole.objects.filter(
        organization_id=record.managing_organization_id,
        code__in=_OFFICES,
        ended_at=None,
        person__is_active=True,
    ).exclude(person_id__in=kept_out)
    first = Case(When(code=Role.COORDINATOR, then=0), default=1)
    for person_id in offices.order_by(first, "started_at", "pk").values_list("person_id", flat=True):
        if hold(person_id) is not None:
            return person_id
    return None
