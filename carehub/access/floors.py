"""What a rule book may say, and what none may leave out. Each refusal has a sentence and points at its place."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from carehub.core.errors import InvalidInput
from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE, PRIORITIES
from carehub.events.models import Obligation

from .roles import EVENT_READ, MATRIX, roles_with
from .rulebook import AskRule, Book, ClockRule, PriorityRule
from .rules import ADDRESSED_ONLY
from .selectors import CONDITIONS, DECIDING, ROLES, SELECTOR_NAMES, SELECTORS

OBLIGATIONS = tuple(o.value for o in Obligation if o != Obligation.NONE)


@dataclass(frozen=True, slots=True)
class Floor:
    """A rule that no book may remove."""

    words: str
    stands_in: Callable[[Book], bool]


def _asks(event: str, who: str, obligation: str, when: str = "always") -> Callable[[Book], bool]:
    def stands(book: Book) -> bool:
        return any((a.event, a.who, a.obligation, a.when) == (event, who, obligation, when) for a in book.asks)

    return stands


def _is_priority_of_writer(book: Book) -> bool:
    return all(rule.by == "writer" for rule in book.priorities if rule.event == "message.posted")


FLOORS: tuple[Floor, ...] = (
    Floor(
        "A flag's question is answered: holders of an asked role must answer it.",
        _asks("flag.raised", "asked_roles", "answer"),
    ),
    Floor(
        "An incident has somebody who takes note of it: its owner must acknowledge it.",
        _asks("incident.opened", "owner", "acknowledge"),
    ),
    Floor(
        "Whoever asks for an acknowledgement gets it: those mentioned must give it.",
        _asks("message.posted", "mentioned", "acknowledge", "asks_acknowledgement"),
    ),
    Floor("A message is as pressing as its writer says.", _is_priority_of_writer),
    Floor(
        "Informing cannot be switched off: whoever may read an event is told of it. A book says how pressing each "
        "event is and asks for more; it excludes nobody.",
        lambda book: set(CATALOGUE) <= {rule.event for rule in book.priorities},
    ),
)


def check(book: Book, pointer: str = "") -> None:
    """Pass a book that can be lived by.

    Raises InvalidInput, pointing below `pointer`, for words that no book may use, rules that never hold, absurd clocks
    and a floor that is gone.
    """
    _check_clocks(book, f"{pointer}/clocks")
    seen: set[str] = set()
    for index, rule in enumerate(book.priorities):
        _check_priority(rule, f"{pointer}/priorities/{index}", seen)
    if missing := sorted(set(CATALOGUE) - seen):
        raise InvalidInput(f"{FLOORS[-1].words} Missing: {', '.join(missing)}.", pointer=f"{pointer}/priorities")
    for index, ask in enumerate(book.asks):
        _check_ask(ask, f"{pointer}/asks/{index}")
    for floor in FLOORS:
        if not floor.stands_in(book):
            part = "priorities" if floor.stands_in is _is_priority_of_writer else "asks"
            raise InvalidInput(f"This cannot be left out. {floor.words}", pointer=f"{pointer}/{part}")


def _check_clocks(book: Book, pointer: str) -> None:
    faster: tuple[str, ClockRule] | None = None
    for priority in reversed(PRIORITIES):
        clock = book.clocks.of(priority)
        if clock.acknowledged_minutes < clock.delivered_minutes:
            raise InvalidInput(
                f"What must be acknowledged must have been received: for {priority}, not before "
                f"{clock.delivered_minutes} minutes.",
                pointer=f"{pointer}/{priority}/acknowledged_minutes",
            )
        if clock.incident_minutes <= clock.acknowledged_minutes:
            raise InvalidInput(
                f"An incident comes after the deadline: for {priority}, later than {clock.acknowledged_minutes} "
                "minutes.",
                pointer=f"{pointer}/{priority}/incident_minutes",
            )
        if faster and clock.acknowledged_minutes < faster[1].acknowledged_minutes:
            raise InvalidInput(
                f"The deadline of {priority} may not be shorter than that of {faster[0]}, "
                f"{faster[1].acknowledged_minutes} minutes.",
                pointer=f"{pointer}/{priority}/acknowledged_minutes",
            )
        faster = priority, clock


def _check_priority(rule: PriorityRule, pointer: str, seen: set[str]) -> None:
    _known(rule.event, CATALOGUE, "event type", f"{pointer}/event")
    if rule.event in seen:
        raise InvalidInput(f"{rule.event} stands here twice.", pointer=f"{pointer}/event")
    seen.add(rule.event)
    _known(rule.by, DECIDING, "way to decide", f"{pointer}/by")
    deciding = DECIDING[rule.by]
    _has_field(rule.event, deciding.reads, f"`{rule.by}`", f"{pointer}/by")
    for value, priority in rule.gives.items():
        _known(value, deciding.values, f"value for `{rule.by}`", f"{pointer}/gives/{value}")
        _known(priority, PRIORITIES, "priority", f"{pointer}/gives/{value}")
    if missing := [value for value in deciding.values if value not in rule.gives]:
        raise InvalidInput(f"Give a priority for {', '.join(missing)} too.", pointer=f"{pointer}/gives")


def _check_ask(ask: AskRule, pointer: str) -> None:
    _known(ask.event, CATALOGUE, "event type", f"{pointer}/event")
    if ask.event in ADDRESSED_ONLY:
        raise InvalidInput(f"{ask.event} reaches only whom it addresses and asks nothing.", pointer=f"{pointer}/event")
    _known(ask.when, CONDITIONS, "condition", f"{pointer}/when")
    _has_field(ask.event, CONDITIONS[ask.when].reads, f"`{ask.when}`", f"{pointer}/when")
    _known(ask.who, SELECTOR_NAMES, "selector", f"{pointer}/who")
    if ask.obligation == Obligation.NONE:
        raise InvalidInput(FLOORS[-1].words, pointer=f"{pointer}/obligation")
    _known(ask.obligation, OBLIGATIONS, "obligation", f"{pointer}/obligation")
    if ask.obligation == Obligation.ANSWER and ask.who != "asked_roles":
        raise InvalidInput(
            "Only holders of an asked role can answer; ask others to acknowledge.", pointer=f"{pointer}/obligation"
        )
    _check_who(ask, pointer)


def _check_who(ask: AskRule, pointer: str) -> None:
    selector = SELECTORS.get(ask.who)
    if selector is not None:
        _has_field(ask.event, selector.reads, f"`{ask.who}`", f"{pointer}/who")
    if (ask.who == ROLES) != bool(ask.roles):
        raise InvalidInput(
            "Name at least one role." if ask.who == ROLES else f"Roles are named with `who: {ROLES}` only.",
            pointer=f"{pointer}/roles",
        )
    for index, role in enumerate(ask.roles):
        _known(role, Role.values, "role", f"{pointer}/roles/{index}")
        if EVENT_READ[ask.event] not in MATRIX[Role(role)]:
            raise InvalidInput(
                f"As {Role(role).label.lower()} one may not read {ask.event}, so nothing can be asked. Who may: "
                f"{', '.join(roles_with(EVENT_READ[ask.event]))}.",
                pointer=f"{pointer}/roles/{index}",
            )
    ground = selector.ground if selector else "role"
    if ask.ground != ground:
        raise InvalidInput(f"The ground of `{ask.who}` is `{ground}`.", pointer=f"{pointer}/ground")


def _known(word: str, allowed: Collection[str], kind: str, pointer: str) -> None:
    if word not in allowed:
        raise InvalidInput(f"Unknown {kind}. Allowed: {', '.join(allowed) or 'none'}.", pointer=pointer)


def _has_field(event: str, field: str, who: str, pointer: str) -> None:
    if field and field not in CATALOGUE[event].__struct_fields__:
        raise InvalidInput(f"{who} means nothing for {event}, which has no `{field}`.", pointer=pointer)
