"""Keep the rota and absences. Organizations' matters, not a record's: each writes the trail, and none an event."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of, find_organization, roles_beside
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from carehub.core.zones import zone_of
from carehub.directory.models import Membership, Organization, Person, PractitionerRole

from ..coverage import CHAIN
from ..models import Absence, Shift
from ..times import instant
from .places import ABLE, hold

Row = TypeVar("Row", Shift, Absence)

LONGEST_SHIFT = timedelta(days=7)
LONGEST_ABSENCE = timedelta(days=366)
AHEAD_AT_MOST = timedelta(days=731)
"""How far ahead a shift or absence may begin. All three are our own proposal."""

ABSENCES_AT_MOST = 100
"""How many absences that are not over one person may have: whoever looks ahead reads all of them. Our own proposal."""


class Overlaps(InvalidInput):
    """Another shift or absence is in the way; it is named."""

    code, title = "overlaps", "Overlaps"


@transaction.atomic
def add_shift(
    *,
    by: Person,
    organization_id: UUID,
    person_id: UUID,
    role: str,
    kind: str,
    starts: str,
    ends: str,
    time_zone: str,
) -> Shift:
    """Put somebody on the rota, from one local time to another in this zone.

    Raises NotVisible, NotAllowed, InvalidInput for times that cannot be, for somebody who does not work there in that
    role, and Overlaps (with `shift_id`) for a shift of the same person, role and kind.
    """
    organization = find_organization(by, Capability.COVER_MANAGE, organization_id)
    starts_at, ends_at = _period(starts, ends, time_zone, longest=LONGEST_SHIFT, what="shift")
    if kind not in Shift.Kind.values:
        raise InvalidInput(f"A shift is one of: {', '.join(Shift.Kind.values)}.", pointer="/kind")
    person = hold(person_id)  # one shift of a person at a time, so that the overlap can be named
    _works_there(person, organization, role)
    others = Shift.objects.filter(
        person_id=person_id, organization=organization, role=role, kind=kind, cancelled_at=None
    )
    in_the_way = _overlapping(others, starts_at, ends_at).first()
    if in_the_way is not None:
        raise Overlaps(
            f"This person is {Shift.Kind(kind).label.lower()} in this role already, {_words(in_the_way)}.",
            pointer="/starts",
            shift_id=str(in_the_way.pk),
        )
    shift = Shift.objects.create(
        organization=organization,
        person_id=person_id,
        role=role,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        time_zone=time_zone,
    )
    trail.wrote("shift.add", by=by.pk, on=shift.pk)
    return shift


@transaction.atomic
def cancel_shift(*, by: Person, organization_id: UUID, shift_id: UUID) -> Shift:
    """Take a shift off the rota; places as cover that it made end with it.

    Raises NotVisible (also for a shift of another organization), NotAllowed, Conflict for one that is over or was
    cancelled.
    """
    organization = find_organization(by, Capability.COVER_MANAGE, organization_id)
    shift = Shift.objects.select_for_update().filter(pk=shift_id, organization=organization).first()
    if shift is None:
        raise NotVisible()
    _cancel(shift, "shift")
    trail.wrote("shift.cancel", by=by.pk, on=shift.pk)
    return shift


@transaction.atomic
def go_away(
    *,
    by: Person,
    person_id: UUID,
    starts: str,
    ends: str,
    time_zone: str,
    delegate_id: UUID | None = None,
) -> Absence:
    """Somebody is away, from one local time to another in this zone; the delegate is reached in his place.

    One's own, or another's with cover.manage where he works. Raises NotVisible, NotAllowed, InvalidInput for times
    that cannot be and for a delegate who cannot be one, Overlaps (with `absence_id`) for an absence in the way, and
    Conflict for one of too many.
    """
    person = _who_is_away(by, person_id)
    starts_at, ends_at = _period(starts, ends, time_zone, longest=LONGEST_ABSENCE, what="absence")
    _one_at_a_time()
    in_the_way = _overlapping(Absence.objects.filter(person=person, cancelled_at=None), starts_at, ends_at).first()
    if in_the_way is not None:
        raise Overlaps(
            f"There is an absence in that time already, {_words(in_the_way)}.",
            pointer="/starts",
            absence_id=str(in_the_way.pk),
        )
    if Absence.objects.filter(person=person, cancelled_at=None, ends_at__gt=now()).count() >= ABSENCES_AT_MOST:
        raise Conflict(f"There are {ABSENCES_AT_MOST} absences that are not over. Cancel one, or join some into one.")
    if delegate_id is not None:
        _can_stand_in(person, delegate_id)
        _no_circle(person, delegate_id, starts_at, ends_at)
    absence = Absence.objects.create(
        person=person, delegate_id=delegate_id, starts_at=starts_at, ends_at=ends_at, time_zone=time_zone
    )
    trail.wrote("absence.add", by=by.pk, on=absence.pk)
    return absence


@transaction.atomic
def come_back(*, by: Person, absence_id: UUID) -> Absence:
    """Cancel an absence, or end it now; places as cover that it made end with it.

    Raises NotVisible, NotAllowed, Conflict for one that is over or cancelled.
    """
    absence = Absence.objects.select_for_update(of=("self",)).filter(pk=absence_id).first()
    if absence is None:
        raise NotVisible()
    _who_is_away(by, absence.person_id)
    _cancel(absence, "absence")
    trail.wrote("absence.cancel", by=by.pk, on=absence.pk)
    return absence


def may_keep(by: Person, person_id: UUID) -> bool:
    """Whether this person keeps the rota at an organization where that one works.

    Raises NotVisible when they share no organization, or that one's access has ended.
    """
    roles = roles_beside(by.pk, person_id)
    if not roles or not Person.objects.filter(pk=person_id, is_active=True).exists():
        raise NotVisible()
    return Capability.COVER_MANAGE in capabilities_of(roles, is_care_manager=False)


def _employments(person_id: UUID) -> "QuerySet[PractitionerRole]":
    return PractitionerRole.objects.filter(person_id=person_id, ended_at=None, person__is_active=True)


def _who_is_away(by: Person, person_id: UUID) -> Person:
    if person_id == by.pk:
        if not _employments(by.pk).exists():
            raise NotAllowed("Absences are kept for those who work at an organization.")
        return by
    if not may_keep(by, person_id):
        raise NotAllowed(
            "Absences of others are kept by a coordinator or admin of an organization where they work.",
            capability=Capability.COVER_MANAGE.value,
        )
    return Person.objects.get(pk=person_id)


def _works_there(person: Person | None, organization: Organization, role: str) -> None:
    held: Sequence[str] = []
    if person is not None:
        held = list(
            PractitionerRole.objects.filter(person=person, organization=organization, ended_at=None)
            .order_by("code")
            .values_list("code", flat=True)
        )
    if not held:
        raise InvalidInput("Nobody with this id works at this organization.", pointer="/person_id")
    if role not in held:
        raise InvalidInput(f"This person does not work there in this role. Held: {', '.join(held)}.", pointer="/role")
    if role not in ABLE:
        raise InvalidInput(
            f"The rota is for those who can cover on a team: {', '.join(sorted(ABLE))}.", pointer="/role"
        )


def _period(starts: str, ends: str, time_zone: str, *, longest: timedelta, what: str) -> tuple[datetime, datetime]:
    zone = zone_of(time_zone)
    starts_at = instant(starts, zone, pointer="/starts")
    ends_at = instant(ends, zone, pointer="/ends")
    moment = now()
    if ends_at <= starts_at:
        raise InvalidInput("The end must be after the beginning.", pointer="/ends")
    if ends_at - starts_at > longest:
        raise InvalidInput(f"One {what} lasts at most {longest.days} days; enter several.", pointer="/ends")
    if ends_at <= moment:
        raise InvalidInput(f"This {what} would be over already.", pointer="/ends")
    if starts_at > moment + AHEAD_AT_MOST:
        raise InvalidInput("This is more than two years ahead. Check the year.", pointer="/starts")
    return starts_at, ends_at


def _overlapping(rows: "QuerySet[Row]", starts_at: datetime, ends_at: datetime) -> "QuerySet[Row]":
    return rows.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).order_by("starts_at")


def _words(row: Shift | Absence) -> str:
    zone = zone_of(row.time_zone)
    local = [moment.astimezone(zone).isoformat(" ", "minutes") for moment in (row.starts_at, row.ends_at)]
    return f"from {local[0]} to {local[1]}"


def _one_at_a_time() -> None:
    # A circle may close over several people's absences: no lock of one person's would keep two halves apart.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('carehub absences', 0))")


def _can_stand_in(person: Person, delegate_id: UUID) -> None:
    if delegate_id == person.pk:
        raise InvalidInput("Nobody can be the own delegate.", pointer="/delegate_id")
    workplaces = _employments(person.pk).values("organization")
    if not _employments(delegate_id).filter(organization__in=workplaces).exists():
        raise InvalidInput(
            "The delegate must work at an organization where the person who is away works.", pointer="/delegate_id"
        )


def _no_circle(person: Person, delegate_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
    """Walk from delegate to delegate through absences that overlap this one; it must not come back."""
    ways: list[tuple[UUID, datetime, datetime]] = [(delegate_id, starts_at, ends_at)]
    for _ in range(CHAIN):
        found = []
        rows = Absence.objects.filter(person_id__in={way[0] for way in ways}, cancelled_at=None, delegate__isnull=False)
        for row in _overlapping(rows, starts_at, ends_at):
            met = [(max(row.starts_at, s), min(row.ends_at, e)) for p, s, e in ways if p == row.person_id]
            found += [(row.delegate_id, s, e) for s, e in met if row.delegate_id is not None and s < e]
        ways = found
        if person.pk in {way[0] for way in ways}:
            raise InvalidInput(
                "This delegation goes in a circle: in that time the delegate is away and is covered, directly or "
                "through others, by the person who is away.",
                pointer="/delegate_id",
            )
        if not ways:
            return
    raise InvalidInput(
        f"In that time the delegate is away, and so are {CHAIN - 1} others who follow. Name somebody nearer.",
        pointer="/delegate_id",
    )


def _cancel(row: Shift | Absence, what: str) -> None:
    moment = now()
    if row.cancelled_at is not None:
        raise Conflict(f"This {what} is cancelled already.")
    if row.ends_at <= moment:
        raise Conflict(f"This {what} is over; what was covered in it stays as it was.")
    row.cancelled_at = moment
    row.save(update_fields=["cancelled_at"])
    Membership.objects.filter(covers_id=row.pk, ended_at=None, covers_until__gt=moment).update(covers_until=moment)
