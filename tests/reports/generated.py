"""Histories by the hundred, written straight into the tables: several organizations, roles, rounds and ends.

Nobody's actions made them; they hold only what reports count and what the tables' constraints demand.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from carehub.core.clock import now
from carehub.delivery.models import Dispatch, Escalation, Incident
from carehub.directory.models import CareRecord, Membership, Organization, Patient, Person, PractitionerRole, Role
from carehub.events.models import Delivery, Event

TYPES = ("plan.revised", "flag.raised", "flag.answered", "message.posted", "goal.progressed", "record.opened")
PRIORITIES = ("routine", "urgent", "asap", "stat")
GROUNDS = ("author", "role", "asked", "mentioned", "care_manager", "joining", "successor")
STAFF = (Role.THERAPIST, Role.PSYCHIATRIST, Role.NURSE, Role.COORDINATOR, Role.SOCIAL_WORKER, Role.PATIENT)


def write(seed: int, *, organizations: int = 2, records: int = 6, people: int = 12, events: int = 20) -> None:
    """Write one history; `events` for each record, over the last eight weeks."""
    dice = random.Random(seed)
    houses = [Organization.objects.create(name=f"House {i}") for i in range(organizations)]
    everybody = [
        Person.objects.create(name=f"Person {i % 7}", email=f"g{seed}.{i}@example.test", password="!")
        for i in range(people)
    ]
    for person in everybody:
        house, code = dice.choice(houses), dice.choice((*STAFF, Role.ORGANIZATION_ADMIN))
        PractitionerRole.objects.create(person=person, organization=house, code=code)
    for i in range(records):
        _record(dice, i, dice.choice(houses), everybody, events)


def _record(dice: random.Random, i: int, house: Organization, everybody: list[Person], events: int) -> None:
    team = dice.sample(everybody, dice.randint(2, min(6, len(everybody))))
    patient = Patient.objects.create(name=f"Patient {i}", birth_date="1990-01-01", managing_organization=house)
    record = CareRecord.objects.create(
        patient=patient, managing_organization=house, care_manager=dice.choice(team), title="T"
    )
    roles = {person.pk: sorted(dice.sample(STAFF, dice.choice((1, 1, 1, 2)))) for person in team}
    Membership.objects.bulk_create(
        Membership(record=record, person_id=person, role=role, ended_at=None)
        for person, held in roles.items()
        for role in held
    )
    gone = dice.choice(everybody)
    Membership.objects.create(record=record, person=gone, role=Role.NURSE, ended_at=now() + timedelta(days=1))
    last = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    moment = now()
    made = [
        Event(
            record=record,
            number=10_000 + k,
            seq=last + 1 + k,
            type=dice.choice(TYPES),
            topic=dice.choice(("", "plan")),
            is_standing=dice.random() < 0.3,
            priority=dice.choice(PRIORITIES),
            author=dice.choice([None, *team]),
            at=moment - timedelta(seconds=dice.randint(60, 56 * 86_400)),
            body={},
        )
        for k in range(events)
    ]
    Event.objects.bulk_create(made)
    rows = [row for event in made for row in _rows(dice, event, roles, moment)]
    Delivery.objects.bulk_create(rows)
    _climb(dice, rows, moment)


def _rows(dice: random.Random, event: Event, roles: dict[Any, list[Role]], moment: datetime) -> list[Delivery]:
    found = []
    for k, (person, held) in enumerate(roles.items()):
        row = Delivery(person_id=person, event=event, roles=held, priority=event.priority, outcome_reason="")
        if k and dice.random() < 0.1:  # somebody is always told
            row.exclusion = "by role"
        else:
            row.n = event.seq
            _receive(dice, row, moment)
        found.append(row)
    return found


def _receive(dice: random.Random, row: Delivery, moment: datetime) -> None:
    row.ground = dice.choice(GROUNDS)
    row.obligation = "none" if row.ground == "author" else dice.choice(("inform", "acknowledge", "answer"))
    row.round = dice.choice((1, 1, 1, 1, 2))
    if row.obligation in ("acknowledge", "answer"):
        row.due_at = moment + timedelta(seconds=dice.randint(-86_400, 86_400))
        row.next_rung_at = moment + timedelta(hours=1)
        row.rung = dice.choice((0, 0, 1, 2, 3))
        row.asked_roles = list(row.roles) if row.obligation == "answer" else []
    stage, at = dice.randint(0, 3), row.event.at
    if stage > 0:
        at = row.received_at = at + _pause(dice)
    if stage > 1:
        at = row.seen_at = at + _pause(dice)
    if stage > 2:
        row.outcome = "answered" if row.obligation == "answer" else "acknowledged"
    elif row.due_at and dice.random() < 0.3:
        row.outcome = dice.choice(("superseded", "handed_over", "withdrawn"))
    if row.outcome:
        row.outcome_at, row.next_rung_at, row.outcome_by_id = at + _pause(dice), None, row.person_id


def _climb(dice: random.Random, rows: list[Delivery], moment: datetime) -> None:
    for row in rows:
        for rung in range(1, row.rung + 1):
            escalation = Escalation.objects.create(
                event=row.event, person_id=row.person_id, rung=rung, round=row.round, name=f"rung {rung}",
                to_person_id=row.person_id, channel="mail", result="queued",
            )  # fmt: skip
            sent = moment - timedelta(seconds=dice.randint(1, 56 * 86_400)) if dice.random() < 0.7 else None
            Dispatch.objects.create(escalation=escalation, person_id=row.person_id, sent_at=sent)
    if dice.random() < 0.6:
        event = dice.choice(rows).event
        incident = Incident.objects.create(
            event=event, record=event.record, owner_id=rows[0].person_id, next_ask_at=moment + timedelta(days=1)
        )
        Dispatch.objects.create(
            incident=incident, person_id=rows[0].person_id, sent_at=moment - timedelta(days=dice.randint(1, 60))
        )


def _pause(dice: random.Random) -> timedelta:
    return timedelta(microseconds=int(10 ** dice.uniform(3, 11)))


def utc_hour(moment: datetime) -> datetime:
    """The beginning of its hour of UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
