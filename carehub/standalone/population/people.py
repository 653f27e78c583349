"""Who is made up: people on teams in clinical roles, one coordinator and one privacy officer on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password

from carehub.console.demo import DEMO_PASSWORD
from carehub.directory.models import Role

Copy = Callable[[str, Sequence[str], Iterator[tuple[Any, ...]]], int]
"""Writes rows into these columns of a table and returns how many."""

Identify = Callable[[datetime], UUID]

TREATING = (Role.THERAPIST, Role.NURSE, Role.PSYCHIATRIST, Role.PRIMARY_CARE_PHYSICIAN, Role.SOCIAL_WORKER)


@dataclass(frozen=True, slots=True)
class Team:
    """One record and who is on it; the first is the coordinator and care manager."""

    record: UUID
    patient: UUID
    thread: UUID
    people: tuple[UUID, ...]


def role_of(place: int, size: int) -> Role:
    """The role of a place on a team: it ends with somebody who oversees privacy and is told of no message."""
    if place == 0:
        return Role.COORDINATOR
    return Role.PRIVACY_OFFICER if place == size - 1 else TREATING[(place - 1) % len(TREATING)]


def make_teams(
    copy: Copy, identify: Identify, *, began: datetime, seed: int, records: int, team: int, each: int
) -> list[Team]:
    """Everybody and every record, before the first event: so many people on a team, each on so many teams."""
    people = _people(copy, identify, began, seed, max(team, -(-records * team // each)))
    organization = identify(began)
    copy("directory_organization", ("id", "name", "is_active"), iter([(organization, f"Made up {seed}", True)]))
    teams = [
        Team(
            identify(began),
            identify(began),
            identify(began),
            tuple(people[(number * team + place) % len(people)] for place in range(team)),
        )
        for number in range(records)
    ]
    copy(
        "directory_patient",
        ("id", "name", "birth_date", "managing_organization_id"),
        ((each.patient, f"Patient {n}", f"{1940 + n % 60}-06-15", organization) for n, each in enumerate(teams)),
    )
    columns = ("id", "patient_id", "managing_organization_id", "care_manager_id", "title", "status", "opened_at")
    copy(
        "directory_carerecord",
        columns,
        (
            (each.record, each.patient, organization, each.people[0], f"Course {n}", "active", began)
            for n, each in enumerate(teams)
        ),
    )
    copy(
        "directory_membership",
        ("id", "record_id", "person_id", "role", "purpose", "started_at"),
        (
            (identify(began), each.record, person, role_of(place, team).value, "", began)
            for each in teams
            for place, person in enumerate(each.people)
        ),
    )
    copy("messaging_thread", ("id", "record_id", "kind"), ((each.thread, each.record, "team") for each in teams))
    return teams


def email(seed: int, number: int) -> str:
    """The address with which somebody made up logs in, with the demo's password."""
    return f"p{number}.s{seed}@made-up.example"


def _people(copy: Copy, identify: Identify, began: datetime, seed: int, count: int) -> list[UUID]:
    people = [identify(began) for _ in range(count)]
    password = make_password(DEMO_PASSWORD)
    copy(
        "directory_person",
        ("id", "name", "email", "password", "is_active", "time_zone"),
        ((id, f"Person {n}", email(seed, n), password, True, "UTC") for n, id in enumerate(people)),
    )
    return people
