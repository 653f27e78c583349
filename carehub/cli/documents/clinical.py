from carehub.access.floors import FLOORS
from carehub.access.rulebook import BUILT_IN
from carehub.access.words import (
    OWNER_NEEDED,
    PRIORITY_WORDS,
    ask_sentence,
    duration,
    in_groups,
    priority_sentence,
)
from carehub.events.catalogue import PRIORITIES

from .markdown import page, table

MECHANISM = (
    "A question to a role that nobody on the team holds goes to the care manager.",
    "What is said of an overdue obligation reaches only whom it addresses, and asks nothing.",
    "What the ladder itself says is not escalated again; an open incident asks its owner daily.",
    "A newcomer's clock is never more pressing than urgent.",
)

CLOCK_HEAD = [
    "priority",
    "on the screen",
    "must be received within",
    "must be acknowledged or answered within",
    "incident after",
    "source",
]

INTRODUCTION = f"""# Clinical rules

**{OWNER_NEEDED}**

Who must do what about which event, and by when, is a *rule book*: versioned data, each figure with its source. This
page is the built-in book, `{BUILT_IN.name}` (carehub/access/rulebook.json). An organization adopts a book of its own at
`POST /api/v1/organizations/{{id}}/rules`, or changes the clocks in the console; each adoption is a new version that
stays, with who, when and why. An event lives by the version that was in force at the record's managing organization
when it was published: new rules move no open deadline."""


def text() -> str:
    """docs/clinical-rules.md: the built-in book in words, with its sources, and what no book can change."""
    return page(
        INTRODUCTION,
        "## The clocks",
        "Elapsed time from the moment of publishing; an answer that is owed counts like an acknowledgement.",
        table(CLOCK_HEAD, [_clock(priority) for priority in reversed(PRIORITIES)]),
        "## How pressing each event is",
        table(["rule", "source"], [[priority_sentence(rule), rule.source] for rule in BUILT_IN.priorities]),
        "## Who must do what",
        "Of several rules that fit somebody the strongest counts. Whoever may read an event and of whom no rule asks "
        "more is informed.",
        table(["rule", "source"], [[ask_sentence(BUILT_IN, rule), rule.source] for rule in BUILT_IN.asks]),
        "Nothing is asked about: " + ", ".join(f"`{type}`" for type, _, asks in in_groups(BUILT_IN) if not asks) + ".",
        "## What no rule book can change",
        "\n".join(f"- {words}" for words in (*(floor.words for floor in FLOORS), *MECHANISM)),
    )


def _clock(priority: str) -> list[str]:
    clock = BUILT_IN.clocks.of(priority)
    times = (clock.delivered_minutes, clock.acknowledged_minutes, clock.incident_minutes)
    return [priority, PRIORITY_WORDS[priority], *map(duration, times), clock.source]
