"""Deactivation ends every log-in and every place at once, and leaves nothing open."""

from uuid import uuid4

import pytest
from django.test import Client
from knox.models import AuthToken

from carehub.accounts.actions import issue_ticket, issue_token
from carehub.accounts.models import Session, Ticket
from carehub.audit.models import Entry
from carehub.core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import CareRecord, Membership, Organization, Person, PractitionerRole, Role
from carehub.events.models import Delivery
from carehub.records.actions import add_team_member, deactivate_person
from tests.actions.scenarios import flagged, planned
from tests.cast import Cast, make_person

pytestmark = pytest.mark.quick


@pytest.fixture
def admin(cast: Cast) -> Person:
    return make_person("Ada", Role.ORGANIZATION_ADMIN, cast.clinic)


def open_of(person: Person) -> int:
    return Delivery.objects.filter(person=person, due_at__isnull=False, outcome=None).count()


def test_ends_log_ins_and_places_and_hands_over_on_every_record(cast: Cast, admin: Person) -> None:
    add_team_member(by=cast.dora, record_id=cast.other_record.pk, person_id=cast.ivan.pk, role=Role.PSYCHIATRIST)
    flag = flagged(cast)
    issue_token(person=cast.ivan)
    issue_ticket(token=AuthToken.objects.get(user=cast.ivan))
    Client().force_login(cast.ivan, backend="django.contrib.auth.backends.ModelBackend")
    assert Session.objects.filter(person=cast.ivan).exists()

    deactivate_person(by=admin, person_id=cast.ivan.pk, reason="Has left")

    assert not Person.objects.get(pk=cast.ivan.pk).is_active
    for table in (
        Session.objects.filter(person=cast.ivan),
        AuthToken.objects.filter(user=cast.ivan),
        Ticket.objects.filter(person=cast.ivan),
        Membership.objects.filter(person=cast.ivan, ended_at=None),
    ):
        assert not table.exists()
    assert open_of(cast.ivan) == 0
    row = Delivery.objects.get(event=flag.event, person=cast.cora)
    assert (row.obligation, row.asked_roles) == ("answer", ["psychiatrist"])
    assert Entry.objects.filter(verb="person.deactivate", object_id=cast.ivan.pk, person_id=admin.pk).exists()


def test_the_successor_takes_over_where_he_is_on_the_team(cast: Cast, admin: Person) -> None:
    add_team_member(by=cast.dora, record_id=cast.other_record.pk, person_id=cast.ivan.pk, role=Role.PSYCHIATRIST)
    flag = flagged(cast)

    deactivate_person(by=admin, person_id=cast.ivan.pk, reason="Has left", successor_id=cast.nils.pk)

    assert Delivery.objects.get(event=flag.event, person=cast.nils).obligation == "answer"


def test_a_care_manager_of_many_records_leaves_none_without_one(cast: Cast, admin: Person) -> None:
    add_team_member(by=cast.dora, record_id=cast.other_record.pk, person_id=cast.cora.pk, role=Role.COORDINATOR)
    CareRecord.objects.filter(pk=cast.other_record.pk).update(care_manager=cast.cora)
    planned(cast)

    deactivate_person(by=admin, person_id=cast.cora.pk, reason="Has left")

    assert set(CareRecord.objects.values_list("care_manager__name", flat=True)) == {"Dora"}
    assert Membership.objects.filter(record=cast.record, person=cast.dora, ended_at=None).exists()
    assert open_of(cast.cora) == 0


def test_two_places_on_one_record_end_together_and_are_told_each(cast: Cast, admin: Person) -> None:
    PractitionerRole.objects.create(person=cast.nils, organization=cast.clinic, code=Role.SOCIAL_WORKER)
    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.nils.pk, role=Role.SOCIAL_WORKER)
    flagged(cast)

    deactivate_person(by=admin, person_id=cast.nils.pk, reason="Has left")

    ended = Delivery.objects.filter(person=cast.cora, event__type="membership.ended")
    assert sorted(ended.values_list("event__body__role", flat=True)) == ["nurse", "social-worker"]
    assert open_of(cast.nils) == 0


def test_is_refused_for_oneself_twice_and_for_a_successor_on_no_team(cast: Cast, admin: Person) -> None:
    with pytest.raises(Conflict, match="own account"):
        deactivate_person(by=admin, person_id=admin.pk, reason="x")
    with pytest.raises(InvalidInput) as refused:
        deactivate_person(by=admin, person_id=cast.ivan.pk, reason="x", successor_id=cast.otto.pk)
    assert refused.value.pointer == "/successor_id"
    deactivate_person(by=admin, person_id=cast.ivan.pk, reason="x")
    with pytest.raises(Conflict, match="deactivated already"):
        deactivate_person(by=admin, person_id=cast.ivan.pk, reason="x")
    with pytest.raises(InvalidInput, match="no active person"):
        add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.ivan.pk, role=Role.PSYCHIATRIST)


def test_is_for_admins_of_the_same_organization(cast: Cast) -> None:
    stranger = make_person("Zoe", Role.ORGANIZATION_ADMIN, Organization.objects.create(name="Nordhof"))

    with pytest.raises(NotAllowed):
        deactivate_person(by=cast.cora, person_id=cast.ivan.pk, reason="x")
    for person_id in (cast.ivan.pk, uuid4(), cast.rosa.pk):
        with pytest.raises(NotVisible):
            deactivate_person(by=stranger, person_id=person_id, reason="x")
    assert Person.objects.get(pk=cast.ivan.pk).is_active


def test_of_two_admins_who_end_each_other_s_access_one_stays(cast: Cast, admin: Person) -> None:
    other = make_person("Abe", Role.ORGANIZATION_ADMIN, cast.clinic)
    deactivate_person(by=admin, person_id=other.pk, reason="x")

    with pytest.raises(NotVisible):
        deactivate_person(by=other, person_id=admin.pk, reason="x")

    assert Person.objects.get(pk=admin.pk).is_active
