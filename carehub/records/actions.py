"""Open a record, add to its team, end a place on it. Each locks the record's row before it touches the team."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from carehub.access import Capability, audience, lock_to_change
from carehub.access.audience import joining, joining_unshown, team
from carehub.access.policy import capabilities_of, roles_on
from carehub.access.roles import CLINICIANS, EVENT_READ
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, InvalidInput, NotAllowed
from carehub.core.ids import new_id
from carehub.directory.models import (
    CareRecord,
    Membership,
    Organization,
    Patient,
    Person,
    PractitionerRole,
    Role,
)
from carehub.events import doorbell
from carehub.events.catalogue import FlagAnswered, FlagRaised, MembershipEnded, MembershipStarted, RecordOpened
from carehub.events.obligations import catch_up, current_standing, hand_over, lock_inboxes
from carehub.events.publish import publish
from carehub.events.rendering import rendered

_OPENERS = frozenset({Role.COORDINATOR, Role.THERAPIST, Role.PSYCHIATRIST, Role.PRIMARY_CARE_PHYSICIAN})

_ABLE = frozenset({*CLINICIANS, Role.COORDINATOR})
"""Roles that read everything a team is told: who may manage a record or inherit from somebody who leaves."""


@transaction.atomic
def open_record(*, by: Person, patient: Patient, organization: Organization, role: Role, title: str) -> CareRecord:
    """Open a record; the opener becomes its care manager and first member.

    Raises NotAllowed unless the opener works in that role at the managing organization.
    """
    works_there = PractitionerRole.objects.filter(
        person=by, organization=organization, code=role, ended_at=None
    ).exists()
    if role not in _OPENERS or not works_there:
        raise NotAllowed(
            "A record is opened by a coordinator, therapist, psychiatrist or primary-care physician "
            "of the organization that will manage it."
        )
    record = CareRecord.objects.create(
        patient=patient, managing_organization=organization, care_manager=by, title=title
    )
    Membership.objects.create(record=record, person=by, role=role, purpose="Care manager")
    trail.wrote("record.open", by=by.pk, record_id=record.pk, patient_id=patient.pk)
    fact = RecordOpened(title=title)
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk))
    return record


@transaction.atomic
def add_team_member(*, by: Person, record_id: UUID, person_id: UUID, role: Role, purpose: str = "") -> Membership:
    """Give somebody a place on the team; the current standing events are his to catch up with.

    Raises NotVisible, NotAllowed, InvalidInput for a person who does not exist, is not active or does not work in
    that role, and Conflict when the place is taken by the same person or the record is not active.
    """
    record = lock_to_change(by, Capability.TEAM_MANAGE, record_id)
    person = _candidate(record, person_id, role)
    if Membership.objects.filter(record=record, person=person, role=role, ended_at=None).exists():
        raise Conflict(f"{person.name} is on this team as {role.label.lower()} already.")
    membership = Membership.objects.create(record=record, person=person, role=role, purpose=purpose)
    trail.wrote("member.add", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=membership.pk)
    lock_inboxes([member.person_id for member in team(record)])
    _welcome(record, membership, by=by)
    return membership


@transaction.atomic
def end_membership(
    *, by: Person, record_id: UUID, membership_id: UUID, reason: str, successor_id: UUID | None = None
) -> Membership:
    """End one place on the team. Access ends at commit; open obligations go to the successor in the same transaction.

    Without a successor they go to the care manager; if it is he who leaves, the managing organization's default
    care manager takes the record over. One may always end one's own place. Raises NotVisible, NotAllowed,
    InvalidInput for a successor who is not on the team, Conflict when there is nobody to take the record over.
    """
    own = Membership.objects.filter(pk=membership_id, person=by, ended_at=None).exists()
    record = lock_to_change(by, Capability.RECORD_READ if own else Capability.TEAM_MANAGE, record_id)
    membership = (
        Membership.objects.select_related("person").filter(pk=membership_id, record=record, ended_at=None).first()
    )
    if membership is None:
        raise InvalidInput("This place does not exist on this team, or has ended.", pointer="/membership_id")
    leaver = membership.person
    others = Membership.objects.filter(record=record, person=leaver, ended_at=None).exclude(pk=membership.pk)
    roles_left = [Role(role) for role in others.values_list("role", flat=True)]
    successor, heir_place = _take_over(record, leaver, successor_id, roles_left)
    lock_inboxes([leaver.pk, successor, *(member.person_id for member in team(record))])
    if heir_place is not None:
        _welcome(record, heir_place, by=by)
    membership.ended_at = now()
    membership.save(update_fields=["ended_at"])
    hand_over(
        record_id=record.pk,
        from_id=leaver.pk,
        to_id=successor,
        reason=reason,
        types=_unreadable(roles_left, is_care_manager=record.care_manager_id == leaver.pk) if roles_left else None,
        asked_as=membership.role,
    )
    trail.wrote("membership.end", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=membership.pk)
    fact = MembershipEnded(
        membership_id=membership.pk,
        person_id=leaver.pk,
        person_name=leaver.name,
        role=membership.role,
        reason=reason,
        successor_id=None if roles_left else successor,
    )
    told = None if roles_left else membership
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk, leaver=told))
    doorbell.ring_gone_after_commit([leaver.pk])
    return membership


def _candidate(record: CareRecord, person_id: UUID, role: Role) -> Person:
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        raise InvalidInput("There is no active person with this id.", pointer="/person_id")
    is_patient = record.patient.person_id == person.pk
    held_here = roles_on(person.pk, record)
    if is_patient != (role == Role.PATIENT):
        raise InvalidInput(
            "The record's own patient joins as patient, and nobody else does.",
            pointer="/role",
        )
    if held_here and Role.CAREGIVER in (role, *held_here):
        raise InvalidInput("A caregiver holds no other role on the same record.", pointer="/role")
    if role not in (Role.PATIENT, Role.CAREGIVER):
        roles = PractitionerRole.objects.filter(person=person, ended_at=None).values_list("code", flat=True)
        if role not in roles:
            held = ", ".join(sorted(roles)) or "none"
            raise InvalidInput(f"This person does not work in this role. Held: {held}.", pointer="/role")
    return person


def _catch_up(record: CareRecord, person: Person) -> None:
    addressees = {}
    for event in current_standing(record.pk):
        fact = rendered(event.type, event.body)
        if fact is None:
            addressees[event.pk] = joining_unshown(record, person.pk, event.type)
            continue
        asked = list(fact.asked_roles) if isinstance(fact, FlagRaised) else []
        answered = _answered_roles(record, event.topic) if asked else set()
        addressees[event.pk] = joining(
            record,
            person.pk,
            fact,
            author_id=event.author_id,
            rulebook_id=event.rulebook_id,
            still_asked=[role for role in asked if role not in answered],
        )
    catch_up(person_id=person.pk, addressees=addressees)


def _answered_roles(record: CareRecord, topic: str) -> set[str]:
    answers = record.events.filter(topic=topic, type="flag.answered").values_list("type", "body")
    facts = (rendered(type, body) for type, body in answers)
    return {role for fact in facts if isinstance(fact, FlagAnswered) for role in fact.roles}


def _welcome(record: CareRecord, place: Membership, *, by: Person) -> None:
    """Catch up with what stands (with a second role: what the first one might not read), and tell the team."""
    _catch_up(record, place.person)
    fact = MembershipStarted(
        membership_id=place.pk,
        person_id=place.person.pk,
        person_name=place.person.name,
        role=place.role,
        purpose=place.purpose,
    )
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk))


def _unreadable(roles: Sequence[Role], *, is_care_manager: bool) -> list[str]:
    """The event types that somebody with these roles left may not read."""
    may = capabilities_of(roles, is_care_manager=is_care_manager)
    return [type for type, capability in EVENT_READ.items() if capability not in may]


def _take_over(
    record: CareRecord, leaver: Person, successor_id: UUID | None, roles_left: Sequence[Role]
) -> tuple[UUID, Membership | None]:
    """Who inherits; the record keeps a care manager who can read all, for whom a place is made if he has none."""
    able = Membership.objects.filter(record=record, ended_at=None, role__in=_ABLE, person__is_active=True)
    able = able.exclude(person=leaver)
    if successor_id is not None and not able.filter(person_id=successor_id).exists():
        raise InvalidInput("The successor must be a clinician or coordinator on this team.", pointer="/successor_id")
    if record.care_manager_id != leaver.pk or _ABLE.intersection(roles_left):
        return successor_id or record.care_manager_id, None
    heir = successor_id or record.managing_organization.default_care_manager_id
    if heir is None or heir == leaver.pk or not Person.objects.filter(pk=heir, is_active=True).exists():
        raise Conflict("The care manager leaves and the organization has no other default. Name a successor_id.")
    place = None
    if not able.filter(person_id=heir).exists():
        place = Membership.objects.create(record=record, person_id=heir, role=Role.COORDINATOR, purpose="Care manager")
    record.care_manager_id = heir
    record.save(update_fields=["care_manager"])
    return heir, place


def role_of(code: str) -> Role:
    """The role with this code. Raises InvalidInput that names the codes there are."""
    if code not in Role.values:
        raise InvalidInput(f"Unknown role. Roles: {', '.join(Role.values)}.", pointer="/role")
    return Role(code)
