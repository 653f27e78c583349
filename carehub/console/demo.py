"""The demo installation's accounts, for its log-in page and tables. Empty everywhere else."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from carehub.core.models import Installation
from carehub.directory.models import Membership, Person, PractitionerRole, Role

DEMO_PASSWORD = "carehub-demo-2026"  # noqa: S105  printed on the log-in page of demo installations


@dataclass(frozen=True, slots=True)
class Account:
    """One account as it is offered: `where` is a workplace, or whose patient or caregiver somebody is."""

    email: str
    password: str
    name: str
    role: str
    where: str


def is_demo() -> bool:
    """Whether the settings say so and the database was made for it; a flag alone opens nothing."""
    purposes = (Installation.Purpose.DEMO, Installation.Purpose.TESTS)
    return settings.DEMO and Installation.objects.filter(purpose__in=purposes).exists()


def accounts() -> list[Account]:
    """Every active person of a demo, clinicians first, by workplace and name. Four queries."""
    if not is_demo():
        return []
    found: dict[UUID, Account] = {}
    works = PractitionerRole.objects.filter(ended_at=None, person__is_active=True)
    for row in works.select_related("person", "organization").order_by("organization__name", "person__name", "code"):
        role, where = Role(row.code).label, row.organization.name
        if row.person_id in found:
            where = f"{found[row.person_id].where} and {where}"
        role = f"{role} ({row.specialty.lower()})" if row.specialty else role
        found[row.person_id] = _account(row.person, role, where)
    patients = Person.objects.filter(is_active=True, patient__isnull=False).exclude(pk__in=list(found))
    for person in patients.select_related("patient__managing_organization").order_by("name"):
        where = f"patient of {person.patient.managing_organization.name}"
        found[person.pk] = _account(person, Role.PATIENT.label, where)
    cares = Membership.objects.filter(role=Role.CAREGIVER, ended_at=None, person__is_active=True)
    for place in cares.select_related("person", "record__patient").order_by("person__name"):
        where = f"caregiver of {place.record.patient.name}"
        found.setdefault(place.person_id, _account(place.person, Role.CAREGIVER.label, where))
    return list(found.values())


def _account(person: Person, role: str, where: str) -> Account:
    return Account(email=person.email, password=DEMO_PASSWORD, name=person.name, role=role, where=where)
