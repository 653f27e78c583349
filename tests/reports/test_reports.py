"""What the reports say is what counting by hand says, over histories that nobody thought up."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID, uuid4

import pytest

from carehub.access.roles import CARE_MANAGER, EVENT_READ, MATRIX
from carehub.access.rulebook import BUILT_IN
from carehub.access.selectors import SELECTORS
from carehub.access.words import GROUNDS
from carehub.audit.models import Entry
from carehub.core.clock import now
from carehub.delivery.models import Dispatch, Incident
from carehub.directory.models import CareRecord, Membership, Organization, Person, PractitionerRole, Role
from carehub.events.models import Delivery
from carehub.reports.queries.interruptions import interruptions
from carehub.reports.queries.scope import LONGEST, USUAL
from carehub.reports.queries.times import Stage, times
from carehub.reports.queries.uncommunicated import Only, rungs, totals, uncommunicated
from carehub.reports.words import THINGS, why
from tests.actions.scenarios import flagged, opened_incident, planned
from tests.cast import Cast
from tests.console.conftest import browser
from tests.reports import generated

__all__ = ["browser"]

pytestmark = pytest.mark.quick

OVERSEES = {role for role, may in MATRIX.items() if "obligation.oversee" in may}
LATER = ("joining", "successor")
SEEDS = range(4)


def overseen_by_hand(person: Person) -> set[UUID]:
    """The records that somebody oversees, one by one."""
    found = set()
    for record in CareRecord.objects.all():
        roles = {Role(m.role) for m in Membership.objects.filter(record=record, person=person, ended_at=None)}
        if roles & OVERSEES or (roles and record.care_manager_id == person.pk):
            found.add(record.pk)
    return found


def open_by_hand(person: Person, records: set[UUID]) -> list[Delivery]:
    """Every open row of these records whose event this person's role may read, in order of deadline."""
    found = []
    for row in Delivery.objects.select_related("event__record"):
        if row.event.record_id not in records or row.due_at is None or row.outcome is not None:
            continue
        places = Membership.objects.filter(record_id=row.event.record_id, person=person, ended_at=None)
        if any(EVENT_READ[row.event.type] in MATRIX[Role(m.role)] for m in places):
            found.append(row)
    return sorted(found, key=lambda row: (row.due_at, row.event_id, row.person_id))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_uncommunicated_is_what_is_open_under_any_choice(cast: Cast, seed: int) -> None:
    generated.write(seed)
    moment = now()

    for person in [p for p in Person.objects.all() if overseen_by_hand(p)][:5]:
        records = overseen_by_hand(person)
        whole = open_by_hand(person, records)
        for only in choices_of(records, whole):
            expected = [row for row in whole if is_meant(only, row)]
            late = [row for row in expected if row.due_at and row.due_at <= moment]
            got: list[Delivery] = []
            while page := uncommunicated(by=person, after=key(got), limit=7, only=only):
                got += page
            assert [row.pk for row in got] == [row.pk for row in (late if only.overdue else expected)]
            sums = totals(by=person, only=only)
            assert (sums.open, sums.overdue) == (len(expected), len(late))
        incidents = sum(i.record_id in records for i in Incident.objects.filter(closed_at=None))
        assert totals(by=person).incidents == incidents


def choices_of(records: set[UUID], rows: list[Delivery]) -> list[Only]:
    """Each choice alone, some together, and one that finds nothing."""
    house = CareRecord.objects.get(pk=min(records)).managing_organization_id
    someone = rows[len(rows) // 2].person_id if rows else uuid4()
    return [
        Only(),
        Only(overdue=True),
        Only(priority="asap"),
        Only(record=min(records)),
        Only(organization=house),
        Only(person=someone),
        Only(person=someone, organization=house, priority="urgent", overdue=True),
        Only(record=uuid4()),
    ]


def is_meant(only: Only, row: Delivery) -> bool:
    """Whether a row is among what was chosen, `overdue` apart."""
    record = row.event.record
    return (
        only.priority in (None, row.priority)
        and only.record in (None, record.pk)
        and only.organization in (None, record.managing_organization_id)
        and only.person in (None, row.person_id)
    )


def key(rows: list[Delivery]) -> Any:
    return (rows[-1].due_at, rows[-1].event_id, rows[-1].person_id) if rows else None


def told_by_hand(records: set[UUID], since: datetime, until: datetime) -> list[Delivery]:
    """The rows of the window, their authors' left out."""
    rows = Delivery.objects.select_related("event").filter(n__isnull=False)
    return [
        row
        for row in rows
        if row.event.record_id in records and since <= row.event.at < until and row.ground != "author"
    ]


def stage_by_hand(rows: list[Delivery], field: str) -> Stage:
    """How many reached it, how many not yet, and the percentiles by sorting."""
    reached = sorted((at - row.event.at).total_seconds() for row in rows if (at := moment_of(row, field)))
    waiting = sum(moment_of(row, field) is None and row.outcome is None for row in rows)
    picks = [reached[max(0, ceil(p * len(reached)) - 1)] if reached else None for p in (0.5, 0.9, 0.99)]
    return Stage(len(reached), waiting, *picks)


def moment_of(row: Delivery, field: str) -> datetime | None:
    if field == "done":
        return row.outcome_at if row.outcome in ("acknowledged", "answered") else None
    found: datetime | None = getattr(row, field)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_times_are_what_sorting_by_hand_gives(cast: Cast, seed: int) -> None:
    generated.write(seed)
    until = now() - timedelta(days=3)
    since = until - timedelta(days=40)

    for person, organization, records in scopes():
        report = times(by=person, organization=organization, since=since, until=until)
        cells: dict[tuple[Role | None, str], list[Delivery]] = defaultdict(list)
        for row in told_by_hand(records, since, until):
            for role in (None, *map(Role, row.roles)):
                cells[role, row.priority].append(row)

        assert {(row.role, row.priority) for row in report.rows} == set(cells)
        for got in report.rows:
            rows = [r for r in cells[got.role, got.priority] if r.ground not in LATER and r.round == 1]
            ends = Counter(row.outcome for row in rows)
            asked = [row for row in rows if row.obligation in ("acknowledge", "answer")]
            assert (got.told, got.later) == (len(rows), len(cells[got.role, got.priority]) - len(rows))
            assert got.asked == len(asked)
            assert (got.superseded, got.handed_over, got.withdrawn) == (
                ends["superseded"],
                ends["handed_over"],
                ends["withdrawn"],
            )
            assert got.received == stage_by_hand(rows, "received_at")
            assert got.seen == stage_by_hand(rows, "seen_at")
            assert got.done == stage_by_hand(asked, "done")
            assert got.asked == got.done.n + got.done.open + got.superseded + got.handed_over + got.withdrawn


@pytest.mark.parametrize("seed", SEEDS)
def test_interruptions_are_what_counting_by_hand_gives(cast: Cast, seed: int) -> None:
    generated.write(seed)
    until = now() - timedelta(days=3)
    since = until - timedelta(days=40)

    for person, organization, records in scopes():
        report = interruptions(by=person, organization=organization, since=since, until=until)
        moments = [
            (row.person_id, row.event.at)
            for row in told_by_hand(records, since, until)
            if row.ground not in LATER and row.round == 1 and (row.due_at or row.priority in ("asap", "stat"))
        ]
        for notice in Dispatch.objects.select_related("escalation__event", "incident").exclude(sent_at=None):
            about = notice.escalation.event if notice.escalation else notice.incident
            assert about is not None
            assert notice.sent_at is not None
            if about.record_id in records and since <= notice.sent_at < until:
                moments.append((notice.person_id, notice.sent_at))
        hourly = Counter((who, generated.utc_hour(at)) for who, at in moments)

        assert report.total == len(moments)
        whole: Counter[datetime] = Counter()
        for (_, hour), n in hourly.items():
            whole[hour] += n
        assert [(hour.at, hour.n) for hour in report.hours] == sorted(whole.items())
        assert {p.person_id for p in report.people} == {who for who, _ in moments}
        for one in report.people:
            own = {hour: n for (who, hour), n in hourly.items() if who == one.person_id}
            assert (one.total, one.hours, one.most) == (sum(own.values()), len(own), max(own.values()))
            assert one.busiest == min(hour for hour, n in own.items() if n == one.most)
        assert [p.total for p in report.people] == sorted((p.total for p in report.people), reverse=True)


def scopes() -> list[tuple[Person, UUID | None, set[UUID]]]:
    """An organization by somebody who may, and what some overseers oversee."""
    employed = PractitionerRole.objects.filter(code__in=[Role.COORDINATOR, Role.ORGANIZATION_ADMIN])
    found: list[tuple[Person, UUID | None, set[UUID]]] = []
    for role in employed.select_related("person").order_by("organization_id").distinct("organization_id"):
        managed = CareRecord.objects.filter(managing_organization_id=role.organization_id)
        found.append((role.person, role.organization_id, set(managed.values_list("pk", flat=True))))
    overseers = [(person, overseen_by_hand(person)) for person in Person.objects.all()]
    return found + [(person, None, records) for person, records in overseers if records][:4]


def test_care_managers_may_oversee() -> None:
    assert "obligation.oversee" in CARE_MANAGER


def test_a_page_shows_why_and_whom_each_rung_reached(cast: Cast) -> None:
    opened_incident(cast)
    flagged(cast)

    rows = list(uncommunicated(by=cast.cora, limit=50))

    reasons = {(row.person.name, row.event.type): why(row) for row in rows}
    assert reasons["Ivan", "flag.raised"] == "asked as psychiatrist to answer the flag"
    assert reasons["Nils", "flag.raised"] == "as nurse, to acknowledge the flag"
    assert reasons["Paula", "plan.revised"] == "as primary-care physician, to acknowledge the treatment plan"
    assert reasons["Cora", "incident.opened"] == "as its owner, to acknowledge the incident"
    climbed = [rung for row in rows if row.event.type == "plan.revised" for rung in rungs(rows)[row.pk[1], row.pk[0]]]
    assert [(rung.name, rung.to_name) for rung in climbed] == [("incident", "Cora")]


def test_whatever_asks_has_words() -> None:
    assert {ask.event for ask in BUILT_IN.asks} <= set(THINGS)
    assert {selector.ground for selector in SELECTORS.values()} <= set(GROUNDS)


def test_a_stamp_changes_with_any_row(cast: Cast) -> None:
    planned(cast)
    before = totals(by=cast.cora)
    assert totals(by=cast.cora) == before

    row = Delivery.objects.filter(due_at__isnull=False).first()
    assert row is not None
    ended = {"outcome": "superseded", "outcome_at": now()}
    changes: list[dict[str, Any]] = [{"received_at": now()}, {"seen_at": now()}, {"rung": 3}, ended]
    for change in changes:
        Delivery.objects.filter(pk=row.pk).update(**change)
        after = totals(by=cast.cora)
        assert after.stamp != before.stamp, change
        before = after


REPORTS = ("/api/v1/reports/times", "/api/v1/reports/interruptions")


@pytest.mark.parametrize("path", REPORTS)
def test_an_organization_is_reported_to_those_who_may_there(cast: Cast, browser: Any, path: str) -> None:
    strange = Organization.objects.create(name="Elsewhere")
    own = {"organization": str(cast.clinic.pk)}

    assert browser("cora").get(path, own).status_code == 200
    assert browser("maya").get(path, own).status_code == 403
    foreign = browser("cora").get(path, {"organization": str(strange.pk)})
    absent = browser("cora").get(path, {"organization": str(uuid4())})
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert browser("carl").get(path, own).content == absent.content


def test_who_oversees_nothing_is_reported_nothing(cast: Cast, browser: Any) -> None:
    planned(cast)

    assert browser("maya").get("/api/v1/reports/times").json()["results"] == []
    assert browser("maya").get("/api/v1/reports/interruptions").json()["total"] == 0
    assert browser("cora").get("/api/v1/reports/times").json()["results"]
    assert all("Rosa Lind" not in browser("cora").get(path).content.decode() for path in REPORTS)


@pytest.mark.parametrize("path", REPORTS)
@pytest.mark.parametrize(
    ("window", "pointer"),
    [
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "/since"),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-04-03T00:00:01Z"}, "/since"),
        ({"until": "0001-01-01T00:00:00Z"}, "/until"),
        ({"since": "2026-03-02T00:00:00"}, "/since"),
        ({"since": "yesterday"}, "/since"),
        ({"organization": "x"}, "/organization"),
        ({"zone": "x"}, "/zone"),
    ],
)
def test_a_window_that_cannot_be_meant_is_refused(
    cast: Cast, browser: Any, path: str, window: dict[str, str], pointer: str
) -> None:
    answer = browser("cora").get(path, window)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_window_is_four_weeks_unless_asked_and_ninety_two_days_at_most(cast: Cast, browser: Any) -> None:
    usual = browser("cora").get(REPORTS[0]).json()
    longest = {"since": "2026-01-01T00:00:00Z", "until": "2026-04-03T00:00:00Z"}

    assert datetime.fromisoformat(usual["until"]) - datetime.fromisoformat(usual["since"]) == USUAL
    assert browser("cora").get(REPORTS[0], longest).status_code == 200
    assert timedelta(days=92) == LONGEST


@pytest.mark.parametrize("path", REPORTS)
def test_reading_a_report_is_one_line_of_the_trail(cast: Cast, browser: Any, path: str) -> None:
    planned(cast)
    cora = browser("cora")
    before = set(Entry.objects.values_list("pk", flat=True))
    cora.get(path, {"organization": str(cast.clinic.pk)})

    (line,) = Entry.objects.exclude(pk__in=before)
    assert (line.verb, line.person_id, line.object_id) == ("report.read", cast.cora.pk, cast.clinic.pk)
    assert line.patient_ids == []


@pytest.mark.parametrize("name", ["record", "person", "organization"])
def test_a_foreign_choice_is_byte_equal_to_an_absent_one(cast: Cast, browser: Any, name: str) -> None:
    planned(cast)
    foreign = {"record": cast.record.pk, "person": cast.ivan.pk, "organization": cast.clinic.pk}[name]
    stranger = browser("dora" if name != "organization" else "otto")

    answers = [stranger.get("/api/v1/uncommunicated", {name: str(id)}).content for id in (foreign, uuid4())]

    assert answers[0] == answers[1]
    assert json.loads(answers[0]) == {
        "results": [], "totals": {"open": 0, "overdue": 0, "incidents": 0}, "next": None,
    }  # fmt: skip


def test_a_choice_that_cannot_be_meant_is_refused(cast: Cast, browser: Any) -> None:
    for name, value in (("priority", "soon"), ("record", "x"), ("person", "1"), ("overdue", "perhaps")):
        answer = browser("cora").get("/api/v1/uncommunicated", {name: value})
        assert answer.status_code == 422, name
        assert answer.json()["errors"][0]["pointer"] == f"/{name}"


def test_ages_and_totals_stand_beside_the_rows(cast: Cast, browser: Any) -> None:
    planned(cast)
    Delivery.objects.filter(person=cast.ivan, due_at__isnull=False).update(due_at=datetime(2026, 1, 1, tzinfo=UTC))

    said = browser("cora").get("/api/v1/uncommunicated").json()

    assert said["totals"] == {"open": 3, "overdue": 1, "incidents": 0}
    assert said["results"][0]["person"] == "Ivan"
    assert said["results"][0]["why"] == "as psychiatrist, to acknowledge the treatment plan"
    assert 0 <= said["results"][0]["age_seconds"] < 60
    assert said["results"][0]["rungs"] == []
