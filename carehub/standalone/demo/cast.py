"""Who works at the two organizations, and the patients and relatives who log in. All of them are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from carehub.console.demo import DEMO_PASSWORD
from carehub.directory.models import Organization, Person, PractitionerRole, Role

ORGANIZATIONS: Mapping[str, str] = {
    "willow": "Willow Lane Psychotherapy",
    "bridges": "Three Bridges Medical Center",
}
DEFAULT_CARE_MANAGERS: Mapping[str, str] = {"willow": "noor", "bridges": "marcus"}


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person who logs in. `works_at`: keys of ORGANIZATIONS (a patient: treated at)."""

    name: str
    role: Role
    works_at: tuple[str, ...] = ()
    specialty: str = ""

    @property
    def email(self) -> str:
        """The address to log in with."""
        return f"{self.name.lower().replace(' ', '.')}@demo.example"

    @property
    def is_employed(self) -> bool:
        """Whether `works_at` means employment."""
        return self.role not in (Role.PATIENT, Role.CAREGIVER)


CAST: Mapping[str, Somebody] = {
    somebody.name.split()[0].lower(): somebody
    for somebody in (
        Somebody("Maya Okafor", Role.THERAPIST, ("willow",), "Cognitive behavioural therapy"),
        Somebody("Daniel Reyes", Role.THERAPIST, ("willow",), "Trauma and grief"),
        Somebody("Ingrid Solberg", Role.PSYCHIATRIST, ("willow",)),
        Somebody("Anjali Raman", Role.PRIMARY_CARE_PHYSICIAN, ("bridges",)),
        Somebody("Hiroshi Tanabe", Role.SPECIALIST_PHYSICIAN, ("bridges",), "Endocrinology"),
        Somebody("Grace Lindqvist", Role.NURSE, ("bridges",)),
        Somebody("Omar Castellanos", Role.PHARMACIST, ("bridges",)),
        Somebody("Tomasz Wilk", Role.ALLIED_HEALTH, ("willow",), "Music therapy"),
        Somebody("Leah Brannigan", Role.SOCIAL_WORKER, ("bridges",)),
        Somebody("Noor Haddad", Role.COORDINATOR, ("willow",)),
        Somebody("Marcus Tully", Role.COORDINATOR, ("bridges",)),
        Somebody("Ruth Adeyemi", Role.PRIVACY_OFFICER, ("willow", "bridges")),
        Somebody("Priya Nair", Role.ORGANIZATION_ADMIN, ("willow", "bridges")),
        Somebody("Elena Marchetti", Role.PATIENT, ("willow",)),
        Somebody("Jerome Baptiste", Role.PATIENT, ("willow",)),
        Somebody("Ana Duarte", Role.CAREGIVER),
    )
}
"""Everybody who logs in, by first name in small letters: so the courses call them."""


def hire() -> tuple[dict[str, Person], dict[str, Organization]]:
    """Make organizations, people and their employments; both by their keys here. Not idempotent."""
    organizations = {key: Organization.objects.create(name=name) for key, name in ORGANIZATIONS.items()}
    # One hash for all: argon2 is slow on purpose, and the password is printed anyway.
    password = make_password(DEMO_PASSWORD)
    people = {}
    for key, somebody in CAST.items():
        person = Person.objects.create(name=somebody.name, email=somebody.email, password=password)
        people[key] = person
        if somebody.is_employed:
            PractitionerRole.objects.bulk_create(
                PractitionerRole(
                    person=person,
                    organization=organizations[place],
                    code=somebody.role,
                    specialty=somebody.specialty,
                )
                for place in somebody.works_at
            )
    for place, manager in DEFAULT_CARE_MANAGERS.items():
        organizations[place].default_care_manager = people[manager]
        organizations[place].save(update_fields=["default_care_manager"])
    return people, organizations
