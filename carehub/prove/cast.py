"""Eight people on two care teams that share two of them, a large team, an admin, and one who must hear of nothing.

Run as a program it makes them, through the actions, in the empty database of its environment, and prints who is
where.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

PASSWORD = "a-long-password-for-prove"  # noqa: S105  # nobody real logs in with it

TEAMS: Mapping[str, Mapping[str, str]] = {
    "Harbour": {
        "Ada": "coordinator",
        "Ben": "therapist",
        "Cleo": "psychiatrist",
        "Dan": "primary-care-physician",
        "Eve": "nurse",
    },
    "Meadow": {
        "Gus": "coordinator",
        "Hana": "therapist",
        "Cleo": "psychiatrist",
        "Dan": "primary-care-physician",
        "Iris": "nurse",
    },
}
"""Record -> name -> role. Everybody here reads and writes the team's thread; the first is the care manager."""

PLAZA: Mapping[str, str] = {"Pia": "coordinator"} | {f"Guest{number}": "nurse" for number in range(1, 30)}
"""The team of a third record: thirty people, for many sockets. Nobody else is told what is written there."""

RECORDS = {**TEAMS, "Plaza": PLAZA}

OUTSIDER = "Nora"

ADMIN = "Rafa"
"""Keeps the organization's gateways and accounts, and is on no team."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Ids by name: the records and the people, the outsider included; and a bearer token of each person."""

    records: Mapping[str, str]
    people: Mapping[str, str]
    tokens: Mapping[str, str]

    @property
    def readers(self) -> dict[str, frozenset[str]]:
        """Record id -> names of those who must get what is written there."""
        return {self.records[title]: frozenset(team) for title, team in RECORDS.items()}

    def records_of(self, name: str) -> list[str]:
        """The ids of the records on whose team somebody is."""
        return [self.records[title] for title, team in RECORDS.items() if name in team]


def members() -> list[str]:
    """Everybody on the two small teams, each once."""
    return list(dict.fromkeys(name for team in TEAMS.values() for name in team))


def email(name: str) -> str:
    """The address with which somebody logs in."""
    return f"{name.lower()}@prove.example"


def make() -> Cast:
    """Make the people and open both records; the database must be empty and migrated."""
    from django.contrib.auth.hashers import make_password

    from carehub.accounts.actions import issue_token
    from carehub.directory.models import Organization, Patient, Person, PractitionerRole, Role
    from carehub.records.actions import add_team_member, open_record

    clinic = Organization.objects.create(name="Proving ground")
    roles = {name: role for team in RECORDS.values() for name, role in team.items()} | {OUTSIDER: "nurse"}
    roles[ADMIN] = "organization-admin"
    password = make_password(PASSWORD)
    people = {name: Person.objects.create(name=name, email=email(name), password=password) for name in roles}
    for name, role in roles.items():
        PractitionerRole.objects.create(person=people[name], organization=clinic, code=role)
    clinic.default_care_manager = people["Ada"]
    clinic.save()
    records = {}
    for title, team in RECORDS.items():
        manager, *others = team
        patient = Patient.objects.create(name=title, birth_date=date(1990, 1, 1), managing_organization=clinic)
        record = open_record(
            by=people[manager], patient=patient, organization=clinic, role=Role.COORDINATOR, title=title
        )
        records[title] = str(record.pk)
        for name in others:
            add_team_member(by=people[manager], record_id=record.pk, person_id=people[name].pk, role=Role(team[name]))
    tokens = {name: issue_token(person=person).token for name, person in people.items()}
    return Cast(records, {name: str(person.pk) for name, person in people.items()}, tokens)


if __name__ == "__main__":
    import django

    django.setup()
    made = make()
    json.dump(asdict(made), sys.stdout)
