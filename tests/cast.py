"""The people of the tests, by role: those on Rosa's team, one who left it, and Otto, who must see nothing of it.

Seeded once into each worker's database, committed; every installation that a test starts is a copy.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.hashers import make_password

from carehub.directory.models import CareRecord, Organization, Patient, Person, PractitionerRole, Role
from carehub.records import actions as records

PASSWORD = "a-long-test-password"

# name, role, whether on Rosa's team
PEOPLE: tuple[tuple[str, Role, bool], ...] = (
    ("Cora", Role.COORDINATOR, True),
    ("Maya", Role.THERAPIST, True),
    ("Ivan", Role.PSYCHIATRIST, True),
    ("Paula", Role.PRIMARY_CARE_PHYSICIAN, True),
    ("Nils", Role.NURSE, True),
    ("Carl", Role.CAREGIVER, True),
    ("Otto", Role.THERAPIST, False),
    ("Olga", Role.PSYCHIATRIST, False),
    ("Dora", Role.COORDINATOR, False),
    ("Priya", Role.PRIVACY_OFFICER, False),
)


@dataclass(frozen=True)
class Cast:
    """Rosa's record and its people; `otto` works next door, on Rudi's record with `dora`."""

    clinic: Organization
    record: CareRecord
    other_record: CareRecord
    cora: Person
    maya: Person
    ivan: Person
    paula: Person
    nils: Person
    carl: Person
    rosa: Person
    otto: Person
    olga: Person
    dora: Person
    priya: Person

    def __getitem__(self, name: str) -> Person:
        person: Person = getattr(self, name)
        return person


def email(name: str) -> str:
    """Everybody logs in with this address and PASSWORD."""
    return f"{name.lower()}@example.test"


def make_person(name: str, role: Role, clinic: Organization, *, password: str = "!") -> Person:
    """Somebody employed at the clinic in this role (patients and caregivers: not employed)."""
    person = Person.objects.create(name=name, email=email(name), password=password)
    if role not in (Role.PATIENT, Role.CAREGIVER):
        PractitionerRole.objects.create(person=person, organization=clinic, code=role)
    return person


def seed() -> None:
    """Make the cast; the database was empty."""
    password = make_password(PASSWORD)
    clinic = Organization.objects.create(name="Lindenhof Clinic")
    people = {name: make_person(name, role, clinic, password=password) for name, role, _ in PEOPLE}
    rosa = make_person("Rosa", Role.PATIENT, clinic, password=password)
    clinic.default_care_manager = people["Dora"]
    clinic.save()
    patient = Patient.objects.create(
        name="Rosa Lind", birth_date=date(1988, 4, 2), person=rosa, managing_organization=clinic
    )
    record = records.open_record(
        by=people["Cora"], patient=patient, organization=clinic, role=Role.COORDINATOR, title="Depression"
    )
    for name, role, is_on_team in PEOPLE:
        if is_on_team and name != "Cora":
            records.add_team_member(by=people["Cora"], record_id=record.pk, person_id=people[name].pk, role=role)
    records.add_team_member(by=people["Cora"], record_id=record.pk, person_id=rosa.pk, role=Role.PATIENT)

    rudi = Patient.objects.create(name="Rudi Fern", birth_date=date(1979, 1, 9), managing_organization=clinic)
    other = records.open_record(
        by=people["Dora"], patient=rudi, organization=clinic, role=Role.COORDINATOR, title="Panic"
    )
    for name in ("Otto", "Olga"):
        role = next(role for n, role, _ in PEOPLE if n == name)
        records.add_team_member(by=people["Dora"], record_id=other.pk, person_id=people[name].pk, role=role)


def load() -> Cast:
    """The seeded cast, read afresh."""
    people: dict[str, Any] = {p.name.lower(): p for p in Person.objects.filter(email__endswith="@example.test")}
    record, other = CareRecord.objects.order_by("id")[:2]
    names = [field for field in Cast.__dataclass_fields__ if field in people]
    return Cast(
        clinic=Organization.objects.get(name="Lindenhof Clinic"),
        record=record,
        other_record=other,
        **{name: people[name] for name in names},
    )


PLAN: dict[str, Any] = {
    "title": "Behavioural activation for depression",
    "goals": [
        {
            "text": "Feel better on most days",
            "target": {"measure": "PHQ-9 total", "comparator": "<=", "value": 9, "unit": "points"},
            "due_on": "2027-03-01",
        }
    ],
    "interventions": [{"text": "Individual sessions", "modality": "CBT", "frequency": "weekly", "provider_id": None}],
    "expectation": {"text": "Better within 12 weeks", "planned_appointments": 16, "review_on": "2027-01-15"},
}
"""A first plan as an API client sends it."""
