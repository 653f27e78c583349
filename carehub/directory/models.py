from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from carehub.core.clock import DatabaseNow
from carehub.core.errors import NotVisible
from carehub.core.ids import new_id
from carehub.core.models import BaseModel


class Role(models.TextChoices):
    """What a person is on a care team. The matrix in access/roles.py says what each may do."""

    PATIENT = "patient", "Patient"
    CAREGIVER = "caregiver", "Caregiver"
    THERAPIST = "therapist", "Therapist"
    PSYCHIATRIST = "psychiatrist", "Psychiatrist"
    PRIMARY_CARE_PHYSICIAN = "primary-care-physician", "Primary-care physician"
    SPECIALIST_PHYSICIAN = "specialist-physician", "Specialist physician"
    NURSE = "nurse", "Nurse"
    PHARMACIST = "pharmacist", "Pharmacist"
    ALLIED_HEALTH = "allied-health-professional", "Allied health professional"
    SOCIAL_WORKER = "social-worker", "Social worker"
    COORDINATOR = "coordinator", "Coordinator"
    PRIVACY_OFFICER = "privacy-officer", "Privacy officer"
    ORGANIZATION_ADMIN = "organization-admin", "Organization admin"


class Organization(BaseModel):
    """A practice, clinic or hospital. Care teams cross organizations; each record is managed by one."""

    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    default_care_manager = models.ForeignKey(
        "Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, email: str | None) -> Person:
        # Lower on both sides, as in the constraint: `iexact` compares in capitals, where look-alikes meet.
        return self.alias(lower=Lower("email")).get(lower=(email or "").lower())


class Person(AbstractBaseUser):
    """Somebody who may log in: clinician, coordinator, patient or caregiver; by e-mail address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    last_login = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_email")]


class PractitionerRole(BaseModel):
    """What a person is employed as: person x organization x code, for a period."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="practitioner_roles")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="practitioner_roles")
    code = models.CharField(max_length=40, choices=Role)
    specialty = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organization", "code"],
                condition=Q(ended_at=None),
                name="one_current_practitioner_role",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="practitioner_role_period"
            ),
        ]


class Patient(BaseModel):
    """A person who receives care; `person` is set when the patient takes part and can log in."""

    name = models.CharField(max_length=200)
    birth_date = models.DateField()
    person = models.OneToOneField(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="patient")
    managing_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="patients")


class CareRecordQuerySet(models.QuerySet["CareRecord"]):
    def lock(self, id: UUID) -> CareRecord:
        """The record with its row locked to the end of the transaction.

        Every write to a record and every change of its team takes this lock first, before inboxes and all else:
        what is authorized under it stays true until commit. Raises NotVisible when there is no such record.
        """
        record = self.select_for_update(no_key=True, of=("self",)).filter(pk=id).first()
        if record is None:
            raise NotVisible()
        return record

    def lock_if_free(self, id: UUID) -> CareRecord | None:
        """As `lock`, but None at once when another transaction holds the record."""
        return self.select_for_update(no_key=True, of=("self",), skip_locked=True).filter(pk=id).first()


class CareRecord(BaseModel):
    """The shared record of one course of care: the unit that teams, plans, flags and messages belong to."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        CLOSED = "closed"
        REPLACED = "replaced"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="records")
    managing_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="records")
    care_manager = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="managed_records")
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    replaced_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = CareRecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="replaced", replaced_by__isnull=False)
                | (~Q(status="replaced") & Q(replaced_by__isnull=True)),
                name="replaced_names_its_successor",
            ),
            models.CheckConstraint(
                condition=Q(status="active", closed_at=None) | ~Q(status="active"),
                name="active_is_not_closed",
            ),
        ]


class Membership(BaseModel):
    """A person's place on a record's care team, in one role, for a period. The role here decides what he may do.

    Written by records/actions only, under the record's lock. A place as cover ends by itself at `covers_until`;
    `covers_id` is the shift or absence on whose account it was made.
    """

    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=40, choices=Role)
    purpose = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True, blank=True)
    covers_until = models.DateTimeField(null=True, blank=True)
    covers_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "record", "role"], condition=Q(ended_at=None), name="one_current_membership"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="membership_period"
            ),
            models.CheckConstraint(
                condition=Q(covers_until=None, covers_id=None) | Q(covers_until__isnull=False, covers_id__isnull=False),
                name="cover_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["record"], condition=Q(ended_at=None), name="active_team"),
            models.Index(
                fields=["covers_until"], condition=Q(ended_at=None, covers_until__isnull=False), name="cover_ends"
            ),
        ]
