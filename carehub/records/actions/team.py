"""Open a record, add to its team, end a place on it. Each locks the record's row before it touches the team."""

from uuid import UUID

from django.db import transaction

from carehub.access.audience import audience, team
from carehub.access.capabilities import Capability
from carehub.access.policy import lock_to_change, roles_on
from carehub.audit import trail
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
from carehub.events.catalogue import RecordOpened
from carehub.events.obligations import lock_inboxes
from carehub.events.publish import publish

from .places import end_place, hold, take_over, welcome

_OPENERS = frozenset({Role.COORDINATOR, Role.THERAPIST, Role.PSYCHIATRIST, Role.PRIMARY_CARE_PHYSICIAN})


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
    welcome(record, membership, by=by)
    return membership


@transaction.atomic
def end_membership(
    *, by: Person, record_id: UUID, membership_id: UUID, reason: str, successor_id: UUID | None = None
) -> Membership:
    """End one place on the team. Access ends at commit; open obligations go to the successor in the same transaction.

    Without a successor they go to the care manager; if it is he who leaves, `take_over` finds who takes the record
    over. One may always end one's own place. Raises NotVisible, NotAllowed, InvalidInput for a successor who is not
    on the team, Conflict when there is nobody at all to take the record over.
    """
    own = Membership.objects.filter(pk=membership_id, person=by, ended_at=None).exists()
    record = lock_to_change(by, Capability.RECORD_READ if own else Capability.TEAM_MANAGE, record_id)
    membership = (
        Membership.objects.select_related("person").filter(pk=membership_id, record=record, ended_at=None).first()
    )
    if membership is None:
        raise InvalidInput("This place does not exist on this team, or has ended.", pointer="/membership_id")
    heir = take_over(record, membership, successor_id)
    lock_inboxes([membership.person_id, heir.person_id, *(member.person_id for member in team(record))])
    end_place(record, membership, heir, by=by, reason=reason)
    return membership


def _candidate(record: CareRecord, person_id: UUID, role: Role) -> Person:
    person = hold(person_id)
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


def role_of(code: str) -> Role:
    """The role with this code. Raises InvalidInput that names the codes there are."""
    if code not in Role.values:
        raise InvalidInput(f"Unknown role. Roles: {', '.join(Role.values)}.", pointer="/role")
    return Role(code)
