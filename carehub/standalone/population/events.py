"""The made-up ledger: one opening for each record, then messages, some of which ask for an acknowledgement.

What asks and is older than a day has been acknowledged; of the last day some are still open. So nothing is overdue on
the day on which it is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from carehub.access.audience import audience
from carehub.directory.models import CareRecord, Role
from carehub.events.catalogue import Fact, MessagePosted, RecordOpened

from .people import Identify, Team

if TYPE_CHECKING:
    from carehub.events.audience import Addressee, Audience

FRESH = timedelta(hours=20)
"""Younger than the routine clock's first rung (24 hours), so that no rung is due yet."""

ASKING = 0.2
"""The share of messages that ask for an acknowledgement; our own proposal."""

SENTENCES = (
    "Slept better this week, four nights of six hours.",
    "Missed Tuesday, will ring tomorrow about another time.",
    "Blood taken today; results by Friday.",
    "The diary shows fewer panics in the morning.",
    "Please look at the dose before the weekend.",
    "Housing office confirmed the appointment on the 12th.",
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of event on one record with its audience, as `access` computed it."""

    fact: Fact
    to: Audience


@dataclass(slots=True)
class Written:
    """Rows for one chunk, by table, ready to be copied."""

    events: list[tuple[Any, ...]]
    deliveries: list[tuple[Any, ...]]
    messages: list[tuple[Any, ...]]
    trail: list[tuple[Any, ...]]
    people: set[UUID]
    records: set[UUID]


EVENT = ("id", "record_id", "number", "seq", "type", "topic", "is_standing", "priority", "author_id", "at", "body")
DELIVERY = (
    *("person_id", "event_id", "n", "roles", "obligation", "ground", "asked_roles", "exclusion", "priority"),
    *("due_at", "next_rung_at", "rung", "round", "received_at", "seen_at", "outcome", "outcome_at"),
    *("outcome_by_id", "outcome_reason"),
)
MESSAGE = (
    *("id", "thread_id", "event_id", "author_id", "at", "text", "priority"),
    *("mentioned_ids", "mentioned_roles", "asks_acknowledgement"),
)
TRAIL = ("at", "person_id", "outcome", "verb", "record_id", "patient_ids", "object_id", "reason")


def patterns(team: Team) -> list[Pattern]:
    """What may happen on a record: its opening, a word to all, and one that asks. A query each, whatever the team."""
    record = CareRecord.objects.get(pk=team.record)
    opened = RecordOpened(title=record.title)
    plain = _message(team, [])
    asking = _message(team, [Role.COORDINATOR.value, Role.THERAPIST.value])
    authors = (team.people[0], team.people[min(1, len(team.people) - 1)], team.people[min(2, len(team.people) - 1)])
    facts = zip((opened, plain, asking), authors, strict=True)
    return [Pattern(fact, audience(record, fact, by=author)) for fact, author in facts]


def _message(team: Team, roles: list[str]) -> MessagePosted:
    return MessagePosted(
        thread_id=team.thread,
        message_id=team.thread,
        text="",
        priority="routine",
        mentioned_ids=[],
        mentioned_roles=roles,
        asks_acknowledgement=bool(roles),
    )


class Course:
    """The whole course of events, in order; counts the numbers of records and inboxes as it goes."""

    def __init__(self, random: Random, identify: Identify, now: datetime, began: datetime) -> None:
        self._random, self._identify, self._now, self._began = random, identify, now, began
        self.inboxes: Counter[UUID] = Counter()
        self.logs: Counter[UUID] = Counter()
        self._patterns: dict[UUID, list[Pattern]] = {}

    def write(self, teams: list[Team], kinds: Iterator[tuple[int, datetime, int]]) -> Written:
        """Rows of these events: (place of the team, its time, seq)."""
        written = Written([], [], [], [], set(), set())
        for number, at, seq in kinds:
            self._one(teams[number], at, seq, written)
        return written

    def _one(self, team: Team, at: datetime, seq: int, written: Written) -> None:
        kinds = self._patterns.get(team.record)
        if kinds is None:
            kinds = self._patterns[team.record] = patterns(team)
        self.logs[team.record] += 1
        is_first = self.logs[team.record] == 1
        pattern = kinds[0] if is_first else kinds[2 if self._random.random() < ASKING else 1]
        id, fact, to = self._identify(at), pattern.fact, pattern.to
        if isinstance(fact, MessagePosted):
            text = self._random.choice(SENTENCES)
            fact = msgspec.structs.replace(fact, message_id=self._identify(at), text=text)
            asks: tuple[Any, ...] = (fact.priority, [], fact.mentioned_roles, fact.asks_acknowledgement)
            written.messages.append((fact.message_id, team.thread, id, to.author_id, at, text, *asks))
        on = fact.message_id if isinstance(fact, MessagePosted) else None
        verb = "message.post" if on else "record.open"
        written.trail.append((at, to.author_id, "done", verb, team.record, [team.patient], on, ""))
        body = msgspec.json.encode(fact).decode()
        number = self.logs[team.record]
        written.events.append(
            (
                id,
                team.record,
                number,
                seq,
                fact.type,
                fact.topic(),
                fact.is_standing,
                to.priority,
                to.author_id,
                at,
                body,
            )
        )
        written.records.add(team.record)
        for addressee in to.recipients():
            self.inboxes[addressee.person_id] += 1
            written.people.add(addressee.person_id)
            written.deliveries.append(self._told(addressee, to, id, at))
        for addressee in to.excluded():
            nothing = (None,) * 5
            row: tuple[Any, ...] = (
                addressee.person_id,
                id,
                None,
                list(addressee.roles),
                "none",
                "",
                [],
                addressee.exclusion,
                to.priority,
            )
            written.deliveries.append((*row, None, None, 0, 1, *nothing, ""))

    def _told(self, to: Addressee, audience: Audience, id: UUID, at: datetime) -> tuple[Any, ...]:
        due = at + to.due_in if to.due_in else None
        rung = at + to.first_rung_in if to.first_rung_in else None
        received, seen, ended = self._states(at, is_asked=due is not None)
        row: tuple[Any, ...] = (
            to.person_id,
            id,
            self.inboxes[to.person_id],
            list(to.roles),
            to.obligation.value,
            to.ground,
        )
        row += (list(to.asked_roles), "", to.priority or audience.priority)
        outcome = ("acknowledged", ended, to.person_id) if ended else (None, None, None)
        return (*row, due, None if ended else rung, 0, 1, received, seen, *outcome, "")

    def _states(self, at: datetime, *, is_asked: bool) -> tuple[datetime | None, datetime | None, datetime | None]:
        """When it was received, seen and, if asked for, acknowledged: all of it before now."""
        received = at + timedelta(seconds=self._random.expovariate(1 / 60))
        seen = received + timedelta(minutes=self._random.expovariate(1 / 120))
        ended = seen + timedelta(minutes=self._random.expovariate(1 / 60))
        if self._now - at > FRESH:
            limit = at + FRESH
            seen, received = min(seen, limit), min(received, limit)
            return received, seen, min(ended, limit) if is_asked else None
        return (
            received if received < self._now else None,
            seen if seen < self._now else None,
            ended if is_asked and ended < self._now else None,
        )
