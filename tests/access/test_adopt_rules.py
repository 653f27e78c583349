"""An organization's rules are versions: adopted by those who may, refused when they would let somebody fall silent."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.access.actions import RulesWereAdopted, adopt_rules
from carehub.access.audience import audience
from carehub.access.capabilities import Capability
from carehub.access.floors import FLOORS, check
from carehub.access.models import RuleBook
from carehub.access.policy import workplaces
from carehub.access.queries import read_rules, versions
from carehub.access.rulebook import BUILT_IN, Book
from carehub.access.rules import DEFAULT, ready
from carehub.access.selectors import Member
from carehub.audit.models import Entry
from carehub.core.errors import InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import Organization, PractitionerRole, Role
from carehub.events.models import Event
from carehub.messaging.actions import post_message
from tests.access.books import URGENT_SLOWER, admin, adopted, as_data, book, with_urgent
from tests.access.facts import FACTS, OTHER
from tests.actions.scenarios import planned
from tests.cast import Cast

pytestmark = pytest.mark.quick


def test_counts_from_one_and_leaves_one_line_of_the_trail(cast: Cast) -> None:
    first = adopted(cast, with_urgent(**URGENT_SLOWER))
    second = adopted(cast, book(as_data()), base=1)

    assert [(v.version, v.reason, v.adopted_by) for v in versions(by=cast.maya, organization_id=cast.clinic.pk)] == [
        (2, "Agreed", cast.priya),
        (1, "Agreed", cast.priya),
    ]
    lines = Entry.objects.filter(verb="rules.adopt").order_by("id").values_list("person_id", "object_id", "record_id")
    assert list(lines) == [(cast.priya.pk, first.pk, None), (cast.priya.pk, second.pk, None)]
    assert read_rules(by=cast.maya, organization_id=cast.clinic.pk).number == 2


def test_without_an_adoption_the_built_in_book_is_version_0(cast: Cast) -> None:
    found = read_rules(by=cast.maya, organization_id=cast.clinic.pk)

    assert (found.number, found.version, found.book, found.etag) == (0, None, BUILT_IN, '"0"')


def test_is_refused_when_others_were_adopted_since(cast: Cast) -> None:
    adopted(cast, with_urgent(**URGENT_SLOWER))

    with pytest.raises(RulesWereAdopted) as refused:
        adopted(cast, book(as_data()), base=0)

    assert refused.value.extra["current_version"] == 1
    assert RuleBook.objects.count() == 1


def test_is_refused_when_nothing_differs(cast: Cast) -> None:
    with pytest.raises(InvalidInput, match="Nothing differs"):
        adopted(cast, BUILT_IN)


def test_is_for_those_who_may_manage_and_hidden_from_who_works_elsewhere(cast: Cast) -> None:
    elsewhere = Organization.objects.create(name="Elsewhere")
    stranger = admin(cast)
    changed = with_urgent(**URGENT_SLOWER)

    with pytest.raises(NotAllowed):
        adopt_rules(by=cast.maya, organization_id=cast.clinic.pk, base=0, book=changed, reason="x")
    for organization_id in (elsewhere.pk, uuid4()):
        with pytest.raises(NotVisible):
            adopt_rules(by=stranger, organization_id=organization_id, base=0, book=changed, reason="x")
        with pytest.raises(NotVisible):
            read_rules(by=stranger, organization_id=organization_id)
        with pytest.raises(NotVisible):
            versions(by=stranger, organization_id=organization_id)
    with pytest.raises(NotVisible):
        read_rules(by=cast.rosa, organization_id=cast.clinic.pk)
    PractitionerRole.objects.create(person=cast.carl, organization=cast.clinic, code=Role.CAREGIVER)
    with pytest.raises(NotAllowed):
        read_rules(by=cast.carl, organization_id=cast.clinic.pk)
    assert not RuleBook.objects.exists()


def test_is_offered_to_read_where_one_works(cast: Cast) -> None:
    assert list(workplaces(cast.maya, Capability.RULES_READ)) == [cast.clinic]
    assert list(workplaces(cast.rosa, Capability.RULES_READ)) == []


def without(data: Any, part: str, **where: str) -> None:
    data[part] = [rule for rule in data[part] if any(rule[name] != value for name, value in where.items())]


def ask(**changes: Any) -> Callable[[Any], None]:
    """Add an ask, the first in the book."""
    given = {
        "event": "goal.progressed",
        "when": "always",
        "who": "care_manager",
        "roles": [],
        "obligation": "acknowledge",
        "ground": "care_manager",
        "source": "ours",
    }
    return lambda data: data["asks"].insert(0, given | changes)


def clock(priority: str, **minutes: int) -> Callable[[Any], None]:
    return lambda data: data["clocks"][priority].update(minutes)


def priority(event: str, /, **changes: Any) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        next(rule for rule in data["priorities"] if rule["event"] == event).update(changes)

    return change


REFUSED: tuple[tuple[Callable[[Any], None], str, str], ...] = (
    (ask(event="goal.met"), "/asks/0/event", "Unknown event type. Allowed: record.opened, "),
    (ask(who="everybody"), "/asks/0/who", "Unknown selector. Allowed: asked_roles, "),
    (ask(when="sometimes"), "/asks/0/when", "Unknown condition. Allowed: always, material"),
    (ask(obligation="panic"), "/asks/0/obligation", "Unknown obligation. Allowed: inform, acknowledge, answer"),
    (ask(obligation="none"), "/asks/0/obligation", "Informing cannot be switched off"),
    (ask(obligation="answer"), "/asks/0/obligation", "Only holders of an asked role can answer"),
    (ask(who="roles", roles=["wizard"], ground="role"), "/asks/0/roles/0", "Unknown role. Allowed: patient, "),
    (ask(who="roles", roles=[], ground="role"), "/asks/0/roles", "at least one role"),
    (ask(roles=["nurse"]), "/asks/0/roles", "with `who: roles` only"),
    (ask(who="roles", roles=["caregiver"], ground="role"), "/asks/0/roles/0", "As caregiver one may not read"),
    (ask(who="raiser", ground="raiser"), "/asks/0/who", "`raiser` means nothing for goal.progressed"),
    (ask(when="material"), "/asks/0/when", "`material` means nothing for goal.progressed"),
    (ask(ground="owner"), "/asks/0/ground", "The ground of `care_manager` is `care_manager`"),
    (ask(event="obligation.escalated"), "/asks/0/event", "reaches only whom it addresses"),
    (priority("flag.answered", gives={"always": "now"}), "/priorities/6/gives/always", "Unknown priority. Allowed: ro"),
    (priority("flag.answered", gives={"now": "stat"}), "/priorities/6/gives/now", "Unknown value for `fixed`"),
    (priority("flag.raised", gives={"low": "urgent"}), "/priorities/5/gives", "for moderate, high, critical too"),
    (priority("flag.answered", by="mood"), "/priorities/6/by", "Unknown way to decide. Allowed: fixed, severity"),
    (priority("flag.answered", by="severity"), "/priorities/6/by", "which has no `severity`"),
    (priority("flag.answered", event="record.opened"), "/priorities/6/event", "record.opened stands here twice"),
    (
        priority("message.posted", by="fixed", gives={"always": "routine"}),
        "/priorities",
        "as pressing as its writer says",
    ),
    (lambda d: without(d, "priorities", event="goal.progressed"), "/priorities", "Missing: goal.progressed"),
    (lambda d: without(d, "asks", who="asked_roles"), "/asks", "A flag's question is answered"),
    (lambda d: without(d, "asks", who="owner"), "/asks", "its owner must acknowledge it"),
    (lambda d: without(d, "asks", when="asks_acknowledgement"), "/asks", "those mentioned must give it"),
    (clock("stat", delivered_minutes=31), "/clocks/stat/acknowledged_minutes", "not before 31 minutes"),
    (clock("stat", incident_minutes=30), "/clocks/stat/incident_minutes", "later than 30 minutes"),
    (
        clock("urgent", acknowledged_minutes=200),
        "/clocks/urgent/acknowledged_minutes",
        "shorter than that of asap, 240 minutes",
    ),
)


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"), REFUSED, ids=[f"{pointer} {sentence}" for _, pointer, sentence in REFUSED]
)
def test_says_what_is_wrong_and_what_is_allowed(change: Callable[[Any], None], pointer: str, sentence: str) -> None:
    data = as_data()
    check(book(data))
    change(data)

    with pytest.raises(InvalidInput) as refused:
        check(book(data))

    assert (refused.value.pointer, sentence in refused.value.detail) == (pointer, True), refused.value.detail


def test_the_built_in_book_passes_and_stands_on_every_floor() -> None:
    check(BUILT_IN)
    assert all(floor.stands_in(BUILT_IN) for floor in FLOORS)


def test_a_book_excludes_nobody_and_asks_of_roles_that_it_names(cast: Cast) -> None:
    data = as_data()
    ask(who="roles", roles=["nurse", "patient"], ground="role")(data)
    without(data, "asks", event="plan.revised")
    adopted(cast, book(data))

    plan = audience(cast.record, FACTS["plan.revised, material"], by=cast.maya.pk)
    goal = audience(cast.record, FACTS["goal.progressed"], by=cast.maya.pk)

    assert {a.obligation for a in plan.recipients()} == {"none", "inform"}
    assert [a.person_id for a in plan.excluded()] == [cast.carl.pk]
    asked = {a.person_id for a in goal.recipients() if a.obligation == "acknowledge"}
    assert asked == {cast.nils.pk, cast.rosa.pk}


def test_an_event_type_that_an_older_book_does_not_know_follows_the_built_in_one() -> None:
    data = as_data()
    without(data, "asks", event="plan.revised")
    without(data, "asks", event="membership.ended")
    without(data, "priorities", event="plan.revised")

    rules = ready(book(data))

    prescriber = Member(OTHER, (Role.PSYCHIATRIST,), is_care_manager=True)
    assert rules.priority_of(FACTS["plan.revised, material"]) == "urgent"
    assert rules.asked_of(FACTS["plan.revised, material"], prescriber) == ("acknowledge", "role")
    assert rules.asked_of(FACTS["membership.ended"], prescriber) == ("inform", "role"), "left out on purpose"


def test_an_audience_takes_two_queries_and_one_more_for_a_new_version(cast: Cast) -> None:
    fact = FACTS["plan.revised, material"]

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            audience(cast.record, fact, by=cast.maya.pk)
        return len(found)

    assert queries() == 2
    adopted(cast, with_urgent(**URGENT_SLOWER))
    assert [queries(), queries()] == [3, 2]


def test_an_event_remembers_its_version(cast: Cast) -> None:
    before = planned(cast)
    version = adopted(cast, with_urgent(**URGENT_SLOWER))

    after = post_message(by=cast.maya, record_id=cast.record.pk, text="Hello")

    assert Event.objects.get(pk=before.event_id).rulebook_id is None
    assert Event.objects.get(pk=after.event_id).rulebook_id == version.pk


def test_another_organization_lives_by_its_own(cast: Cast) -> None:
    elsewhere = Organization.objects.create(name="Elsewhere")
    PractitionerRole.objects.create(person=cast.otto, organization=elsewhere, code="organization-admin")
    adopt_rules(by=cast.otto, organization_id=elsewhere.pk, base=0, book=with_urgent(**URGENT_SLOWER), reason="Rural")

    found = audience(cast.record, FACTS["plan.revised, material"], by=cast.maya.pk)

    assert found.rulebook_id is None
    assert {a.due_in for a in found.recipients() if a.due_in} == {DEFAULT.clocks["urgent"].acknowledged}


def test_a_book_is_no_longer_than_what_it_can_name() -> None:
    data = msgspec.json.decode(msgspec.json.encode(BUILT_IN))
    data["asks"][0] |= {"who": "roles", "roles": ["nurse"] * 14, "ground": "role"}

    with pytest.raises(msgspec.ValidationError, match="length <= 13"):
        msgspec.convert(data, type=Book)
