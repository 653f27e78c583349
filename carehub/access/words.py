"""Rules and grounds in words: for the API, the console and the generated pages alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE, PRIORITIES
from carehub.events.models import Obligation

from .rulebook import AskRule, Book, PriorityRule
from .rules import ADDRESSED_ONLY
from .selectors import CONDITIONS, DECIDING, ROLES, SELECTORS

OWNER_NEEDED = (
    "These rules are a proposal. Before they are used in care, they need a named clinician at this site who owns them."
)

PRIORITY_WORDS = {"stat": "now", "asap": "within hours", "urgent": "today", "routine": "when you can"}


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody is told. `mine` completes "Because ...", `others` stands beside a name.

    `owed` comes before "to acknowledge ..." in what overseers read.
    """

    mine: str
    others: str
    owed: str


GROUNDS: dict[str, Ground] = {
    "author": Ground("you wrote this", "wrote it", "as its author,"),
    "role": Ground("your role on this team must know", "by role", "by role,"),
    "asked": Ground("your role is asked", "asked", "asked"),
    "mentioned": Ground("you are mentioned", "mentioned", "mentioned, and so"),
    "care_manager": Ground("you are the care manager", "care manager", "as care manager,"),
    "named": Ground(
        "you provide one of the interventions", "provides an intervention", "as provider of an intervention,"
    ),
    "raiser": Ground("you raised the flag", "raised the flag", "as the one who raised the flag,"),
    "nobody_in_role": Ground(
        "nobody on the team holds the asked role, so the care manager is asked",
        "for a role that nobody holds",
        "asked as care manager,",
    ),
    "joining": Ground("you joined the team", "joined the team", "as newcomer to the team,"),
    "successor": Ground("it was handed over to you", "took it over", "as successor, by hand-over,"),
    "leaver": Ground("it concerns your own place", "own place ended", "as the one who left,"),
    "owner": Ground("you own it", "owns it", "as its owner,"),
    "covering": Ground("you cover a role on this team", "covers", "as cover,"),
}
"""Every ground that a rule or the ledger gives."""

_NOUNS = {
    "record.opened": "an opened record",
    "membership.started": "a new place on the team",
    "membership.ended": "a place on the team that ends",
    "plan.revised": "a plan revision",
    "goal.progressed": "progress on a goal",
    "flag.raised": "a medical flag",
    "flag.answered": "an answer to a medical flag",
    "message.posted": "a message",
    "obligation.escalated": "an overdue obligation",
    "incident.opened": "an incident",
    "cover.missing": "a role that nobody covers",
    "incident.closed": "a closed incident",
}
_CASES = {
    ("plan.revised", "material"): "a material plan revision",
    ("message.posted", "asks_acknowledgement"): "a message whose writer asks for it",
}


def ground_of_mine(ground: str) -> str:
    """`you are mentioned`: completes "Because ..."; empty for somebody who is not told."""
    return _ground(ground).mine


def ground_of_another(ground: str) -> str:
    """`mentioned`."""
    return _ground(ground).others


def ground_of_debt(ground: str) -> str:
    """`as care manager`: comes before "to acknowledge ..."."""
    return _ground(ground).owed


def _ground(code: str) -> Ground:
    """One of a later version is shown by its code."""
    return GROUNDS.get(code) or Ground(*[code.replace("_", " ")] * 3)


def duration(minutes: int) -> str:
    """A length of time in the largest unit that measures it whole: `30 minutes`, `8 hours`, `3 days`."""
    for unit, size in (("day", 1440), ("hour", 60)):
        count, rest = divmod(minutes, size)
        if count and not rest:
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{minutes} minute" if minutes == 1 else f"{minutes} minutes"


def clock_sentence(book: Book, priority: str) -> str:
    """`Urgent (today): received within 1 hour, acknowledged or answered within 8 hours, an incident after 1 day.`"""
    clock = book.clocks.of(priority)
    return (
        f"{priority.capitalize()} ({PRIORITY_WORDS[priority]}): received within {duration(clock.delivered_minutes)}, "
        f"acknowledged or answered within {duration(clock.acknowledged_minutes)}, "
        f"an incident after {duration(clock.incident_minutes)}."
    )


def priority_words(rule: PriorityRule) -> str:
    """`urgent`, `by severity: low is routine, ...`, `urgent when material, else routine`, `as its writer chose`."""
    if rule.by == "writer":
        return "as its writer chose"
    if rule.by == "fixed":
        return rule.gives["always"]
    if rule.by == "material":
        return f"{rule.gives['material']} when material, else {rule.gives['other']}"
    # In the order of severity: the database keeps an object's names in one of its own.
    return "by severity: " + ", ".join(f"{value} is {rule.gives[value]}" for value in DECIDING[rule.by].values)


def priority_sentence(rule: PriorityRule) -> str:
    """`A closed incident is to be read today.`: in the words of the screen, not in codes."""
    return _capital(f"{_noun(rule.event)} is {_pressing(rule)}.")


def ask_sentence(book: Book, rule: AskRule) -> str:
    """`Prescribers must acknowledge a material plan revision within 8 hours.`"""
    who, what = _who(rule), _what(rule)
    if rule.obligation == Obligation.INFORM:
        return f"To be read by {who}: {what}. Nothing more is asked."
    return _capital(f"{who} must {rule.obligation} {what} {_within(book, rule)}.")


def event_sentences(book: Book, event: str) -> Sequence[str]:
    """What an event asks of whom, one sentence for each ask; and that everybody else is informed."""
    if event in ADDRESSED_ONLY:
        return ["Reaches only whom it addresses, who is informed."]
    asks = [ask_sentence(book, rule) for rule in book.asks if rule.event == event]
    return [*asks, f"Everybody {'else ' if asks else ''}who may read it is informed."]


def in_groups(book: Book) -> Iterator[tuple[str, PriorityRule, Sequence[AskRule]]]:
    """The book by event, in the catalogue's order: its type, its priority, its asks."""
    priorities = {rule.event: rule for rule in book.priorities}
    for event in CATALOGUE:
        if event in priorities:
            yield event, priorities[event], [rule for rule in book.asks if rule.event == event]


def _who(rule: AskRule) -> str:
    if rule.who != ROLES:
        return SELECTORS[rule.who].words
    labels = [str(Role(role).label).lower() for role in rule.roles]
    listed = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"
    return f"whoever is {listed}"


def _noun(event: str) -> str:
    return _NOUNS.get(event, f"`{event}`")


def _what(rule: AskRule) -> str:
    case = _CASES.get((rule.event, rule.when))
    return case or " ".join(filter(None, [_noun(rule.event), CONDITIONS[rule.when].words]))


def _within(book: Book, rule: AskRule) -> str:
    """`within 8 hours`, or for each priority that it can have, the most pressing first."""
    priority = next(p for p in book.priorities if p.event == rule.event)
    if priority.by == "material" and rule.when == "material":
        possible = {priority.gives["material"]}
    else:
        possible = set(priority.gives.values() if priority.gives else PRIORITIES)
    times = {p: duration(book.clocks.of(p).acknowledged_minutes) for p in reversed(PRIORITIES) if p in possible}
    if len(times) == 1:
        return "within " + next(iter(times.values()))
    return "within " + ", ".join(f"{time} ({PRIORITY_WORDS[p]})" for p, time in times.items())


def _pressing(rule: PriorityRule) -> str:
    said = {case: PRIORITY_WORDS[priority] for case, priority in rule.gives.items()}
    match rule.by:
        case "writer":
            return "as pressing as its writer says"
        case "fixed":
            return f"to be read {said['always']}"
        case "material":
            return f"to be read {said['material']} when material, else {said['other']}"
    ordered = ", ".join(f"{value} {said[value]}" for value in DECIDING[rule.by].values)
    return f"to be read by {rule.by}: {ordered}"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
