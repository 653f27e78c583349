"""The built-in book asks exactly this of each role about each event: its history, written down as literals."""

from datetime import timedelta

import pytest

from carehub.access.rulebook import BUILT_IN
from carehub.access.rules import DEFAULT, Clock
from carehub.access.selectors import Member
from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE
from tests.access.facts import FACTS, ME, OTHER

pytestmark = pytest.mark.quick

EVERYBODY = " ".join(Role.values)
PRESCRIBERS = "psychiatrist primary-care-physician specialist-physician"
NO_PRESCRIBERS = " ".join(role for role in Role.values if role not in PRESCRIBERS.split())
ASKED = "therapist psychiatrist"
OTHER_CLINICIANS = (
    "primary-care-physician specialist-physician nurse pharmacist allied-health-professional social-worker"
)
NO_CLINICIANS = "patient caregiver coordinator privacy-officer organization-admin"
NO_NURSES = " ".join(role for role in Role.values if role != "nurse")

INFORMS = {"inform role": EVERYBODY}
FLAG = {"answer asked": ASKED, "acknowledge role": OTHER_CLINICIANS, "inform role": NO_CLINICIANS}
MENTIONS = {"inform mentioned": "nurse", "inform role": NO_NURSES}
ASKS = {"acknowledge mentioned": "nurse", "inform role": NO_NURSES}


def everybody(ask: str) -> dict[str, str]:
    return {ask: EVERYBODY}


# fact: priority, and what is asked of a member, of the care manager, of whom the fact names, of a care manager whom it
# names; each by role.
Outcome = tuple[str, dict[str, str], dict[str, str], dict[str, str], dict[str, str]]
OUTCOMES: dict[str, Outcome] = {
    "record.opened": ("routine", INFORMS, INFORMS, INFORMS, INFORMS),
    "membership.started": ("routine", INFORMS, INFORMS, INFORMS, INFORMS),
    "membership.ended": (
        "urgent",
        INFORMS,
        everybody("acknowledge care_manager"),
        INFORMS,
        everybody("acknowledge care_manager"),
    ),
    "plan.revised, material": (
        "urgent",
        {"acknowledge role": PRESCRIBERS, "inform role": NO_PRESCRIBERS},
        {"acknowledge role": PRESCRIBERS, "acknowledge care_manager": NO_PRESCRIBERS},
        everybody("acknowledge named"),
        everybody("acknowledge named"),
    ),
    "plan.revised": ("routine", INFORMS, INFORMS, INFORMS, INFORMS),
    "goal.progressed": ("routine", INFORMS, INFORMS, INFORMS, INFORMS),
    "flag.raised, low": ("routine", FLAG, FLAG, FLAG, FLAG),
    "flag.raised, moderate": ("urgent", FLAG, FLAG, FLAG, FLAG),
    "flag.raised, high": ("asap", FLAG, FLAG, FLAG, FLAG),
    "flag.raised, critical": ("stat", FLAG, FLAG, FLAG, FLAG),
    "flag.answered": ("urgent", INFORMS, INFORMS, everybody("acknowledge raiser"), everybody("acknowledge raiser")),
    "message.posted": ("routine", MENTIONS, MENTIONS, everybody("inform mentioned"), everybody("inform mentioned")),
    "message.posted, asks": (
        "urgent",
        ASKS,
        ASKS,
        everybody("acknowledge mentioned"),
        everybody("acknowledge mentioned"),
    ),
    "message.posted, asap": (
        "asap",
        ASKS,
        ASKS,
        everybody("acknowledge mentioned"),
        everybody("acknowledge mentioned"),
    ),
    "message.posted, stat": (
        "stat",
        ASKS,
        ASKS,
        everybody("acknowledge mentioned"),
        everybody("acknowledge mentioned"),
    ),
    "obligation.escalated": ("urgent", INFORMS, INFORMS, INFORMS, INFORMS),
    "cover.missing": (
        "urgent",
        INFORMS,
        everybody("acknowledge care_manager"),
        INFORMS,
        everybody("acknowledge care_manager"),
    ),
    "incident.opened": ("asap", INFORMS, INFORMS, everybody("acknowledge owner"), everybody("acknowledge owner")),
    "incident.closed": ("urgent", INFORMS, INFORMS, INFORMS, INFORMS),
}


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize(
    ("column", "person", "is_care_manager"),
    [(1, OTHER, False), (2, OTHER, True), (3, ME, False), (4, ME, True)],
    ids=["member", "care manager", "named", "named care manager"],
)
def test_asks_of_each_role_what_it_always_asked(name: str, column: int, person: object, is_care_manager: bool) -> None:
    fact, expected = FACTS[name], OUTCOMES[name]

    found: dict[str, set[str]] = {}
    for role in Role:
        obligation, ground = DEFAULT.asked_of(fact, Member(person, (role,), is_care_manager))  # type: ignore[arg-type]
        found.setdefault(f"{obligation.value} {ground}", set()).add(role.value)

    by_role: dict[str, str] = expected[column]  # type: ignore[assignment]
    assert found == {ask: set(roles.split()) for ask, roles in by_role.items()}
    assert DEFAULT.priority_of(fact) == expected[0]


def test_each_event_of_the_catalogue_stands_in_it_and_here() -> None:
    assert sorted(rule.event for rule in BUILT_IN.priorities) == sorted(CATALOGUE)
    assert {fact.type for fact in FACTS.values()} == set(CATALOGUE)
    assert set(OUTCOMES) == set(FACTS)


def test_keeps_its_clocks() -> None:
    minute, hour, day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

    assert DEFAULT.clocks == {
        "stat": Clock(5 * minute, 30 * minute, 60 * minute),
        "asap": Clock(15 * minute, 4 * hour, 8 * hour),
        "urgent": Clock(hour, 8 * hour, 24 * hour),
        "routine": Clock(24 * hour, 3 * day, 7 * day),
    }
