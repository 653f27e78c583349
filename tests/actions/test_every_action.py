import pytest

from carehub.access.rules import DEFAULT, NEVER_ESCALATES
from carehub.audit.models import Entry
from carehub.events.catalogue import parse
from carehub.events.models import Delivery, Event
from tests.actions.scenarios import SCENARIOS, Scenario
from tests.cast import Cast

pytestmark = pytest.mark.quick

each_action = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{s.action.__name__}-{s.type}")


@each_action
def test_stores_its_event_with_the_list_of_those_who_must_know(cast: Cast, scenario: Scenario) -> None:
    scenario.run(cast)

    event = Event.objects.order_by("-seq")[0]
    assert (event.type, event.priority) == (scenario.type, scenario.priority)
    assert {k: v for k, v in event.body.items() if k in scenario.body} == scenario.body
    assert parse(event.type, event.body).type == scenario.type
    rows = list(Delivery.objects.filter(event=event).select_related("person"))
    told = {row.person.name: row for row in rows if row.n is not None}
    assert {n: (r.obligation, r.ground) for n, r in told.items()} == {
        n: (t.obligation, t.ground) for n, t in scenario.told.items()
    }
    for name, expected in scenario.told.items():
        row = told[name]
        assert (row.due_at - event.at if row.due_at else None) == expected.within, name
        climbs = expected.within and event.type not in NEVER_ESCALATES
        first_rung = DEFAULT.clocks[event.priority].delivered if climbs else None
        assert (row.next_rung_at - event.at if row.next_rung_at else None) == first_rung, name
    assert {r.person.name: r.exclusion for r in rows if r.n is None} == dict.fromkeys(scenario.excluded, "by role")


@each_action
def test_leaves_one_line_of_the_trail_that_names_record_and_patient(cast: Cast, scenario: Scenario) -> None:
    last = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0

    scenario.run(cast)

    event = Event.objects.order_by("-seq")[0]
    lines = list(Entry.objects.filter(id__gt=last, outcome="done").order_by("-id"))
    assert lines[0].record_id == event.record_id
    assert lines[0].patient_ids == [event.record.patient_id]
    assert lines[0].person_id == (event.author_id or lines[0].person_id)


@each_action
def test_numbers_record_and_inboxes_without_a_gap(cast: Cast, scenario: Scenario) -> None:
    scenario.run(cast)

    for record in (cast.record, cast.other_record):
        numbers = list(Event.objects.filter(record=record).order_by("seq").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
    for person in (cast.maya, cast.ivan, cast.cora, cast.otto):
        rows = Delivery.objects.filter(person=person, n__isnull=False).order_by("n")
        assert list(rows.values_list("n", flat=True)) == list(range(1, rows.count() + 1))
        assert rows.count() == person.inbox.head
