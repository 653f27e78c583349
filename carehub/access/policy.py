"""`can`, `require`, `visible`, `explain`: the permission question, asked one way everywhere.

Roles come from the record's active memberships, never from a log-in or an employment.
"""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import CharField, Exists, ExpressionWrapper, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from carehub.core.clock import DatabaseNow
from carehub.core.errors import Conflict, NotAllowed, NotVisible
from carehub.directory.models import CareRecord, Membership, Organization, Person, PractitionerRole, Role
from carehub.events.models import Delivery, Event

from .capabilities import AT_ORGANIZATION, Capability
from .roles import CARE_MANAGER, EVENT_READ, MATRIX, READERS, roles_with

Row = TypeVar("Row", bound=Model)

_IS_THERE_SQL = "m.ended_at IS NULL AND (m.covers_until IS NULL OR m.covers_until > carehub_now())"

READABLE_SQL = f"""
(d.ground = 'leaver' OR EXISTS (
    SELECT 1 FROM directory_membership m
     WHERE m.person_id = d.person_id AND m.record_id = e.record_id AND {_IS_THERE_SQL}
       AND m.role || ' ' || e.type = ANY(%(readers)s)
))
"""
"""Whether delivery `d` of event `e` may still be read by its person: the hub's and the inbox's one condition.

Somebody who left a record keeps one event of it: the one that told him so.
"""

HIDDEN_SQL = f"""
(e.type <> ALL(%(known)s) AND EXISTS (
    SELECT 1 FROM directory_membership m
     WHERE m.person_id = d.person_id AND m.record_id = e.record_id AND {_IS_THERE_SQL}
))
"""
"""Whether delivery `d` is of an event whose type this code does not know, and its person still on the team.

He was told of it by a version that knew. Which capability it takes to read it is unknown here, so that he is shown
that it is there (events/wire.py), and nothing of it.
"""


def _places_of(person_id: UUID) -> "QuerySet[Membership]":
    """Where somebody is on the team now. Cover whose time is over gives no right, ended by a sweeper or not yet."""
    lasts = Q(covers_until=None) | Q(covers_until__gt=DatabaseNow())
    return Membership.objects.filter(lasts, person_id=person_id, ended_at=None)


def roles_on(person_id: UUID, record: CareRecord) -> list[Role]:
    """The roles of a person's active memberships on a record; empty for somebody who is not on the team."""
    rows = _places_of(person_id).filter(record=record)
    return [Role(role) for role in rows.order_by("role").values_list("role", flat=True)]


def roles_at(person_id: UUID, organization: Organization) -> list[Role]:
    """The roles in which a person works at an organization now; empty for somebody who does not."""
    rows = PractitionerRole.objects.filter(organization=organization, person_id=person_id, ended_at=None)
    return [Role(role) for role in rows.order_by("code").values_list("code", flat=True)]


def roles_beside(person_id: UUID, other_id: UUID) -> list[Role]:
    """The roles in which a person works where another one works; empty when they share no organization."""
    theirs = PractitionerRole.objects.filter(person_id=other_id, ended_at=None).values("organization")
    rows = PractitionerRole.objects.filter(person_id=person_id, ended_at=None, organization__in=theirs)
    return [Role(role) for role in rows.order_by("code").values_list("code", flat=True).distinct()]


def workplaces(person: Person, capability: Capability | None = None) -> "QuerySet[Organization]":
    """The active organizations where a person works, in a role that may do this if it is named; by name."""
    places = PractitionerRole.objects.filter(person=person, ended_at=None)
    if capability is not None:
        places = places.filter(code__in=roles_with(capability))
    found = Organization.objects.filter(pk__in=places.values("organization"), is_active=True)
    return found.order_by("name", "pk")


def capabilities_of(roles: Iterable[Role], *, is_care_manager: bool) -> frozenset[Capability]:
    """What these roles together may do."""
    may: frozenset[Capability] = frozenset().union(*(MATRIX[role] for role in roles))
    return may | CARE_MANAGER if may and is_care_manager else may


def can(person: Person, capability: Capability, where: CareRecord | Organization) -> bool:
    """Whether this person may do this on this record, or at this organization, now. One query."""
    try:
        require(person, capability, where)
    except (NotVisible, NotAllowed):
        return False
    return True


def require(person: Person, capability: Capability, where: CareRecord | Organization) -> list[Role]:
    """Pass, with the roles in which the person acts on this record, or at this organization.

    Raises NotVisible for somebody who has no place there and NotAllowed for one whose role may not.
    """
    if isinstance(where, Organization):
        assert capability in AT_ORGANIZATION
        roles, is_care_manager = roles_at(person.pk, where), False
    else:
        roles, is_care_manager = roles_on(person.pk, where), where.care_manager_id == person.pk
    if not roles:
        raise NotVisible()
    if capability not in capabilities_of(roles, is_care_manager=is_care_manager):
        raise NotAllowed(explain(roles, capability), capability=capability.value)
    return roles


def find_organization(person: Person, capability: Capability, organization_id: UUID) -> Organization:
    """See, authorize: the first line of whatever is read or changed at an organization.

    Raises NotVisible, also for one that is not active any more, and NotAllowed.
    """
    organization = Organization.objects.filter(pk=organization_id, is_active=True).first()
    if organization is None:
        raise NotVisible()
    require(person, capability, organization)
    return organization


def lock_to_change(person: Person, capability: Capability, record_id: UUID) -> CareRecord:
    """See, lock, authorize: the first line of every action that changes a record, inside its transaction.

    A record that is not visible is refused before any lock is taken; the capability is checked under the lock, so
    that it holds until commit. Raises NotVisible, NotAllowed, and Conflict when the record is not active.
    """
    if not visible(person, CareRecord.objects.all()).filter(pk=record_id).exists():
        raise NotVisible()
    record = CareRecord.objects.lock(record_id)
    require(person, capability, record)
    if record.status != CareRecord.Status.ACTIVE:
        raise Conflict(f"This record is {record.status}; only an active record takes changes.")
    return record


def explain(roles: Iterable[Role], capability: Capability) -> str:
    """Why these roles may not, and which roles may, in one sentence."""
    held = " and ".join(role.label.lower() for role in roles)
    may = [role.label.lower() for role in roles_with(capability)]
    if capability in CARE_MANAGER:
        may.append("the record's care manager")
    where = "here" if capability in AT_ORGANIZATION else "on this team"
    return f"As {held} {where} you may not {capability.label}. Who may: {', '.join(may)}."


def _on_team(person: Person, record: str) -> Exists:
    return Exists(_places_of(person.pk).filter(record_id=OuterRef(record)))


def visible(person: Person, rows: "QuerySet[Row]") -> "QuerySet[Row]":
    """Those of the rows that this person may see: records of his teams, events of them that his roles may read.

    Takes QuerySets of CareRecord, of Event, of Delivery, and of any model with a `record` foreign key.
    """
    model: Any = rows.model
    if model is CareRecord:
        return rows.filter(_on_team(person, "pk"))
    if model is Event:
        return rows.filter(_may_read(person, "record_id", "type"), _was_told(person, "pk"))
    if model is Delivery:
        return rows.filter(
            _may_read(person, "event__record_id", "event__type") | Q(ground="leaver", person_id=person.pk)
        )
    return rows.filter(_on_team(person, "record_id"))


def _may_read(person: Person, record: str, type: str) -> Q:
    """Some active role of his on that record may read that type of event.

    Or it is a type that this code does not know: then any role sees that there is one, and nothing of it.
    """
    pairs = (
        _places_of(person.pk)
        .filter(record_id=OuterRef(record))
        .annotate(pair=Concat(F("role"), Value(" "), ExpressionWrapper(OuterRef(type), CharField())))
    )
    is_unknown = ~Q(**{f"{type}__in": list(EVENT_READ)})
    return Q(Exists(pairs.filter(pair__in=READERS))) | (is_unknown & Q(_on_team(person, record)))


def _was_told(person: Person, event: str) -> Q:
    """He has the event in his inbox: excluded people and later joiners learn nothing of it here."""
    return Q(Exists(Delivery.objects.filter(person_id=person.pk, event_id=OuterRef(event), n__isnull=False)))
