"""Who works at the two organizations, and the patients and relatives who log in. All of them are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

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
    """One person who logs in. `works_at`: keys of ORGANIZATIONS (a patient: treated at); `whose`: patient cared for."""

    name: str
    role: Role
    works_at: tuple[str, ...] = ()
    specialty: str = ""
    whose: str = ""

    @property
    def email(self) -> str:
        """The address to log in with."""
        return f"{self.name.lower().replace(' ', '.')}@demo.example"

    @property
    def role_in_words(self) -> str:
        """The role's label, with the specialty if there is one."""
        return f"{self.role.label} ({self.specialty.lower()})" if self.specialty else self.role.label

    @property
    def where(self) -> str:
        """The place of work; for a patient where treated, for a caregiver of whom."""
        if self.role == Role.CAREGIVER:
            return f"caregiver of {self.whose}"
        places = "both organizations" if len(self.works_at) > 1 else ORGANIZATIONS[self.works_at[0]]
        return f"patient of {places}" if self.role == Role.PATIENT else places

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
        Somebody("Elena Marchetti", Role.PATIENT, ("willow",)),
        Somebody("Jerome Baptiste", Role.PATIENT, ("willow",)),
        Somebody("Ana Duarte", Role.CAREGIVER, whose="Mateus Duarte"),
    )
}
"""Everybody who logs in, by first name in small letters: so the courses call them."""


class Account(TypedDict):
    """One line of the table of who can log in as what."""

    email: str
    password: str
    name: str
    role: str
    where: str


def accounts() -> list[Account]:
    """The demo accounts that exist and are active, in the order of the cast; empty without a demo practice."""
    emails = [somebody.email for somebody in CAST.values()]
    present = set(Person.objects.filter(email__in=emails, is_active=True).values_list("email", flat=True))
    return [
        Account(
            email=somebody.email,
            password=DEMO_PASSWORD,
            name=somebody.name,
            role=somebody.role_in_words,
            where=somebody.where,
        )
        for somebody in CAST.values()
        if somebody.email in present
    ]


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
