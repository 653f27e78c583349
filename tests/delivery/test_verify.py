"""`carehub verify-ledger` finds nothing in a whole ledger, and names the row that somebody broke."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from psycopg.rows import dict_row

from carehub.cli import main
from carehub.delivery import sweeper, tasks, verify
from carehub.delivery.invariants import INVARIANTS, Invariant
from carehub.delivery.models import Verification
from carehub.standalone.servers import APP_ROLE
from tests.actions.scenarios import SCENARIOS, Scenario, opened_incident
from tests.cast import Cast
from tests.delivery.tamperings import TAMPERINGS, Tampering
from tests.servers import ROOT, Installation, Servers, installation

ROW_OF = """
CREATE VIEW row_of AS
SELECT d.*, p.name, e.type, e.seq FROM events_delivery d
  JOIN directory_person p ON p.id = d.person_id JOIN events_event e ON e.id = d.event_id
"""
NOT_THERE = Invariant(
    "nothing-is-there",
    "There is no event.",
    "events_event",
    "SELECT 'events_event', jsonb_build_object('id', id), 'is there' FROM events_event",
)


def environment(house: Installation) -> dict[str, str]:
    """The variables of a process that serves this installation."""
    return os.environ | house.servers.environment(house.database, house.database)


def run_module(house: Installation, *module: str) -> subprocess.CompletedProcess[str]:
    """Run one of our modules as a process of the installation."""
    command = [sys.executable, "-m", *module]
    return subprocess.run(command, env=environment(house), cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ledger(django_db_setup: None, servers: Servers) -> Iterator[Installation]:
    """An installation with some weeks of history, to be tampered with in transactions that are rolled back."""
    with installation(servers, "ledger") as house:
        written = run_module(house, "tests.delivery.history")
        assert written.returncode == 0, written.stderr
        house.execute(ROW_OF)
        yield house


@pytest.fixture
def superuser(ledger: Installation) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection whom no trigger and no foreign key hinders; rolled back."""
    url = ledger.servers.postgres.url("carehub_root", ledger.database)
    with psycopg.connect(url, row_factory=dict_row) as found:
        yield found
        found.rollback()


def broken(cursor: Any) -> dict[str, verify.Finding]:
    """Every finding that is not clean, by its invariant."""
    findings = [verify.check(invariant, cursor) for invariant in INVARIANTS]
    return {finding.invariant.name: finding for finding in findings if finding.broken}


@pytest.mark.quick
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.run.__name__)
def test_finds_nothing_after_any_action(cast: Cast, scenario: Scenario) -> None:
    scenario.run(cast)

    with connection.cursor() as cursor:
        assert broken(cursor) == {}


@pytest.mark.slow
def test_finds_nothing_in_some_weeks_of_history_and_looks_at_rows_of_every_kind(ledger: Installation) -> None:
    with psycopg.connect(ledger.servers.postgres.url(APP_ROLE, ledger.database)) as serving:
        findings = [verify.check(invariant, serving.cursor()) for invariant in INVARIANTS]

    assert [finding.first for finding in findings if finding.broken] == []
    assert [finding.invariant.name for finding in findings if not finding.looked] == []


@pytest.mark.slow
@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda t: t.breaks)
def test_names_the_row_that_was_tampered_with(
    superuser: psycopg.Connection[dict[str, Any]], tampering: Tampering
) -> None:
    superuser.execute("SET LOCAL session_replication_role = replica")
    if tampering.without:
        superuser.execute(f"ALTER TABLE events_delivery DROP CONSTRAINT {tampering.without}".encode())
    found = superuser.execute(tampering.row.encode()).fetchall()
    assert len(found) == 1, found
    for statement in tampering.by.split(";"):
        superuser.execute(statement.encode(), found[0])

    with superuser.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        finding = broken(cursor)[tampering.breaks]
    assert finding.first is not None
    assert finding.first.table == tampering.table
    named = {name: value for name, value in found[0].items() if not name.startswith("_")}
    assert {name: str(value) for name, value in finding.first.ids.items()} == {n: str(v) for n, v in named.items()}


@pytest.mark.quick
def test_each_invariant_has_its_tampering() -> None:
    assert {tampering.breaks for tampering in TAMPERINGS} == {invariant.name for invariant in INVARIANTS}
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)


@pytest.mark.slow
def test_a_delivery_deleted_by_hand_is_named_by_the_command(house: Installation) -> None:
    house.verify()
    ((person, event, n),) = house.rows(
        "SELECT person_id, event_id, n FROM events_delivery WHERE n = 2 ORDER BY person_id LIMIT 1"
    )
    house.execute("DELETE FROM events_delivery WHERE person_id = %s AND event_id = %s", [person, event])

    said = run_module(house, "carehub", "verify-ledger")
    assert said.returncode == 1, said.stderr
    assert f"events_delivery person_id={person} event_id={event}: missing" in said.stdout.replace(
        f"event_id={event} person_id={person}", f"person_id={person} event_id={event}"
    )
    assert f"n={n} person_id={person}: missing" in said.stdout

    document = json.loads(run_module(house, "carehub", "verify-ledger", "--json").stdout)
    assert document["whole"] is False
    (gap,) = [found for found in document["invariants"] if found["name"] == "inbox-gapless"]
    assert gap["broken"] == 1
    assert gap["first"] == {"table": "events_delivery", "ids": {"person_id": str(person), "n": n}, "fault": "missing"}


@pytest.mark.quick
def test_the_command_says_each_invariant_and_ends_with_zero(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-ledger"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line[2:].split()[0] for line in said[: len(INVARIANTS)]] == [i.name for i in INVARIANTS]
    assert said[-1] == "The ledger is whole."

    with pytest.raises(SystemExit) as refused:
        main(["verify-ledger", "--fast"])
    assert refused.value.code == 2


@pytest.mark.slow
def test_a_ledger_that_cannot_be_looked_at_is_neither_whole_nor_broken(house: Installation) -> None:
    house.execute("ALTER TABLE events_inbox RENAME TO elsewhere")

    said = run_module(house, "carehub", "verify-ledger")

    assert said.returncode == 2
    assert "events_inbox" in said.stderr


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the sweeper hands to Celery."""
    found: list[Any] = []

    def enqueue(task: Any, *ids: Any, **options: Any) -> None:
        found.append(task)

    monkeypatch.setattr(tasks, "enqueue", enqueue)
    return found


@pytest.mark.quick
def test_the_sweeper_asks_for_it_once_an_hour(cast: Cast, asked: list[Any]) -> None:
    for _ in range(3):
        sweeper.sweep(name="sweep")
    assert asked == [tasks.verify_ledger]

    Verification.objects.update(due_at="2020-01-01T00:00:00Z")
    sweeper.sweep(name="sweep")
    sweeper.sweep(name="another")
    assert asked == [tasks.verify_ledger] * 2


@pytest.fixture
def ready(cast: Cast) -> Callable[[], tuple[int, str]]:
    """The status of /readyz and what it says of the ledger, with a sweeper at work."""

    def ask() -> tuple[int, str]:
        sweeper.beat("sweep")
        answer = Client().get("/readyz")
        return answer.status_code, answer.json()["checks"]["ledger"]

    return ask


@pytest.mark.quick
def test_readiness_tells_what_the_last_look_found_and_stays_ready(
    ready: Callable[[], tuple[int, str]], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready()[0] == 200
    assert "not verified yet" in ready()[1]

    tasks.verify_ledger()
    assert ready() == (200, "ok")

    Verification.objects.update(at=Verification.objects.get().at - timedelta(hours=4))  # type: ignore[operator]
    assert "is a worker running?" in ready()[1]

    monkeypatch.setattr(verify, "INVARIANTS", (NOT_THERE,))
    with caplog.at_level(logging.ERROR):
        tasks.verify_ledger()
    status, said = ready()
    assert status == 200
    assert "nothing-is-there; run `carehub verify-ledger`" in said
    assert "first events_event id=" in caplog.text


@pytest.mark.parametrize("where", ["lookout.keep_cover", "climb_all", "unrenderable.look", "ask_again"])
def test_a_defect_in_one_duty_of_the_sweeper_does_not_end_the_others(
    cast: Cast, asked: list[Any], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def broken() -> int:
        raise KeyError

    monkeypatch.setattr(f"carehub.delivery.sweeper.{where}", broken)
    opened_incident(cast)

    sweeper.sweep(name="sweep")

    assert tasks.verify_ledger in asked
    assert tasks.send_due in asked
