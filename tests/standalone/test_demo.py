"""The demo practice: made once, full of life, and never in a database of care."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q
from django.test import RequestFactory
from pytest_django import DjangoDbBlocker

from carehub.accounts.actions import check_credentials
from carehub.delivery.queries import my_open, who_has_seen
from carehub.directory.models import CareRecord, Organization, Person, Role
from carehub.events.models import Delivery, Event, Inbox, RecordLog
from carehub.plans.definition import PlanDefinition
from carehub.plans.models import PlanRevision
from carehub.records.queries import caseload
from carehub.reports.queries.uncommunicated import uncommunicated
from carehub.standalone.demo import Account, accounts, create_practice
from tests.servers import ROOT, Installation, Servers

PATIENTS = [
    "Walter Nakagawa",
    "Kwame Boateng",
    "Soledad Quispe",
    "Jerome Baptiste",
    "Mateus Duarte",
    "Elena Marchetti",
]


@pytest.fixture(scope="module")
def practice(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Account]]:
    """The accounts of a practice that is made once for this module and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert create_practice()
        yield [account for account in accounts() if account.email.endswith("@demo.example")]
        transaction.set_rollback(True)


def person(first_name: str) -> Person:
    return Person.objects.get(name__startswith=f"{first_name} ", email__endswith="@demo.example")


def carehub_demo(servers: Servers, house: Installation, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "carehub", "demo", *arguments],
        env=os.environ | servers.environment(house.database, house.database),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def demo_events() -> "Sequence[Event]":
    return list(Event.objects.filter(record__patient__name__in=PATIENTS))


def test_is_made_once(practice: list[Account]) -> None:
    before = (Person.objects.count(), Event.objects.count(), Delivery.objects.count())

    assert not create_practice()

    assert (Person.objects.count(), Event.objects.count(), Delivery.objects.count()) == before


def test_lists_every_account_with_role_and_place(practice: list[Account]) -> None:
    by_name = {account.name: account for account in practice}

    assert len(by_name) == 16
    assert by_name["Maya Okafor"] == Account(
        email="maya.okafor@demo.example",
        password="carehub-demo-2026",
        name="Maya Okafor",
        role="Therapist (cognitive behavioural therapy)",
        where="Willow Lane Psychotherapy",
    )
    assert by_name["Ruth Adeyemi"].where == "Three Bridges Medical Center and Willow Lane Psychotherapy"
    assert by_name["Elena Marchetti"].where == "patient of Willow Lane Psychotherapy"
    assert by_name["Ana Duarte"].where == "caregiver of Mateus Duarte"


def test_lets_everybody_log_in_and_all_but_the_admin_see_a_record(practice: list[Account]) -> None:
    for account in practice:
        request = RequestFactory().post("/")
        found = check_credentials(request=request, email=account.email, password=account.password)

        assert found.name == account.name
        assert bool(caseload(by=found)) == (account.name != "Priya Nair"), account.name


def test_gives_both_organizations_a_care_manager(practice: list[Account]) -> None:
    managers = Organization.objects.exclude(name="Lindenhof Clinic").values_list("name", "default_care_manager__name")

    assert dict(managers) == {
        "Willow Lane Psychotherapy": "Noor Haddad",
        "Three Bridges Medical Center": "Marcus Tully",
    }


def test_leaves_the_thyroid_flag_to_therapist_and_psychiatrist(practice: list[Account]) -> None:
    waiting = Delivery.objects.filter(obligation="answer", outcome=None, event__in=demo_events())

    found = waiting.values_list("event__body__coding__code", "person__name", "asked_roles", "seen_at")
    assert sorted(found) == [
        ("E03.9", "Ingrid Solberg", [Role.PSYCHIATRIST], None),
        ("E03.9", "Maya Okafor", [Role.THERAPIST], None),
    ]
    assert my_open(by=person("Maya"))[0].event.body["question"] == "Does this change your plan?"


def test_keeps_the_flag_from_the_patient(practice: list[Account]) -> None:
    flag = Event.objects.get(type="flag.raised", body__coding__code="E03.9")

    states = {row.person.name: row.exclusion for row in who_has_seen(by=person("Noor"), event_id=flag.pk)}

    assert states["Elena Marchetti"] == "by role"
    assert [name for name, exclusion in states.items() if exclusion] == ["Elena Marchetti"]


def test_shows_every_state_that_a_delivery_can_reach_without_a_deadline_passing(practice: list[Account]) -> None:
    rows = Delivery.objects.filter(event__in=demo_events(), n__isnull=False)

    assert rows.filter(received_at=None).exists()
    assert rows.filter(received_at__isnull=False, seen_at=None).exists()
    assert rows.filter(seen_at__isnull=False, due_at__isnull=False, outcome=None).exists()
    assert {"acknowledged", "answered", "superseded"} == set(
        rows.exclude(outcome=None).values_list("outcome", flat=True)
    )


def test_gives_both_coordinators_something_uncommunicated(practice: list[Account]) -> None:
    for coordinator in ("Noor", "Marcus"):
        assert uncommunicated(by=person(coordinator), limit=50), coordinator


def test_writes_every_type_of_event_but_an_escalation(practice: list[Account]) -> None:
    assert {event.type for event in demo_events()} == {
        "record.opened",
        "membership.started",
        "membership.ended",
        "plan.revised",
        "goal.progressed",
        "flag.raised",
        "flag.answered",
        "message.posted",
    }


def test_revises_every_plan_and_keeps_what_the_doors_would_accept(practice: list[Account]) -> None:
    revisions = PlanRevision.objects.filter(plan__record__patient__name__in=PATIENTS)

    counted = revisions.values("plan__record").annotate(total=Count("*")).values_list("total", flat=True)
    assert len(counted) == 6
    assert min(counted) >= 2
    assert set(revisions.values_list("is_material", flat=True)) == {True, False}
    for definition in revisions.values_list("definition", flat=True):
        msgspec.convert(definition, type=PlanDefinition, strict=False)


def test_names_only_people_of_the_team_in_the_current_plans(practice: list[Account]) -> None:
    for record in CareRecord.objects.filter(patient__name__in=PATIENTS):
        newest = PlanRevision.objects.filter(plan__record=record).latest("number")
        team = {str(id) for id in record.memberships.filter(ended_at=None).values_list("person_id", flat=True)}

        assert {i["provider_id"] for i in newest.definition["interventions"]} - {None} <= team


def test_keeps_the_ledger_whole(practice: list[Account]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    told = Event.objects.annotate(recipients=Count("deliveries", filter=Q(deliveries__n__isnull=False)))
    assert not told.filter(recipients=0).exists()
    for inbox in Inbox.objects.all():
        numbers = Delivery.objects.filter(person_id=inbox.person_id, n__isnull=False)
        assert numbers.aggregate(first=Min("n"), last=Max("n"), all=Count("n")) == _gapless(inbox.head)
    for log in RecordLog.objects.all():
        events = Event.objects.filter(record_id=log.record_id)
        assert events.aggregate(first=Min("number"), last=Max("number"), all=Count("number")) == _gapless(log.head)


def _gapless(head: int) -> dict[str, int]:
    return {"first": 1, "last": head, "all": head}


@pytest.mark.slow
def test_is_made_by_the_command_and_survives_a_second_one(servers: Servers, house: Installation) -> None:
    before = carehub_demo(servers, house, "--accounts")
    first = carehub_demo(servers, house)
    second = carehub_demo(servers, house)
    listed = carehub_demo(servers, house, "--accounts")

    assert "demo.example" not in before.stdout
    assert first.returncode == second.returncode == listed.returncode == 0, first.stderr + second.stderr
    assert [line.strip() for line in first.stdout.splitlines()[:6]] == PATIENTS
    assert second.stdout == "The demo practice is there already.\n"
    assert len([row for row in json.loads(listed.stdout) if row["email"].endswith("@demo.example")]) == 16
    assert house.rows("SELECT count(*) FROM directory_organization WHERE name <> 'Lindenhof Clinic'") == [(2,)]


@pytest.mark.slow
def test_is_refused_in_a_database_of_care(servers: Servers, house: Installation) -> None:
    house.execute("UPDATE core_installation SET purpose = 'care'")
    before = house.rows("SELECT count(*) FROM directory_person")

    refused = carehub_demo(servers, house)

    assert refused.returncode == 1
    assert "This database is for care" in refused.stderr
    assert "--purpose demo" in refused.stderr
    assert house.rows("SELECT count(*) FROM directory_person") == before
