import re
from datetime import timedelta
from inspect import getdoc, getsource
from types import ModuleType
from typing import Any

import msgspec.inspect as shapes

from carehub.access import rules
from carehub.access.roles import EVENT_READ
from carehub.access.rules import ADDRESSED_ONLY, CLOCKS, PRIORITY_IN_WORDS, RULES
from carehub.events.catalogue import CATALOGUE, PRIORITIES, Fact

from .markdown import page, table

INTRODUCTION = """# Every event there is

An event is a past-tense fact, stored with the change that it tells of and with one row for each person on the
record's team: as recipient, with what it asks of him and why, or as excluded, with the reason. Its author is a
recipient of whom nothing is asked. Whoever may read it and of whom no rule asks more is *informed*. When nobody
would be told, the care manager is.

*Standing* events are the current version of their topic until the next one; somebody who joins a team catches up
with the current ones. A newer event of the same topic ends the wait for an older one only for those of whom it asks
as much or more, and hands them the earlier deadline."""

CLOCK_HEAD = ["priority", "must be received within", "must be acknowledged or answered within", "incident after"]

_WORDS: dict[type[shapes.Type], str] = {
    shapes.StrType: "text",
    shapes.IntType: "whole number",
    shapes.BoolType: "yes or no",
    shapes.UUIDType: "UUID",
    shapes.DateTimeType: "date and time",
    shapes.NoneType: "null",
}


def text() -> str:
    """docs/events.md: every event with its fields, its priority and who must do what about it; the clocks."""
    return page(
        INTRODUCTION,
        table(
            ["type", "somebody ...", "standing", "topic", "who may read it needs"],
            [_row(type, fact) for type, fact in CATALOGUE.items()],
        ),
        "## The clocks",
        "From the moment of publishing; an answer that is owed counts like an acknowledgement.",
        table(CLOCK_HEAD, [_clock(priority) for priority in reversed(PRIORITIES)]),
        _sources(rules),
        "## Each event",
        *(_section(type, fact) for type, fact in CATALOGUE.items()),
    )


def _row(type: str, fact: type[Fact]) -> list[str]:
    standing = "yes" if fact.is_standing else ""
    return [f"[`{type}`](#{type.replace('.', '')})", fact.phrase, standing, _topic(fact), f"`{EVENT_READ[type].value}`"]


def _topic(fact: type[Fact]) -> str:
    """How its topic is made, as `flag:<flag_id>`; read from the source, since only a fact has a topic."""
    if fact.topic is Fact.topic:
        return ""
    made = re.search(r'return f?"(.*)"', getsource(fact.topic))
    assert made, f"{fact.__name__}.topic returns something else than one string"
    return "`" + re.sub(r"{self\.(.*?)}", r"<\1>", made[1]) + "`"


def _clock(priority: Any) -> list[str]:
    clock = CLOCKS[priority]
    return [priority, *map(_duration, (clock.delivered, clock.acknowledged, clock.incident))]


def _duration(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        count, rest = divmod(minutes, size)
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{minutes} minutes"


def _sources(module: ModuleType) -> str:
    """Where the figures come from: the second paragraph of the module that holds them."""
    return " ".join((getdoc(module) or "").split("\n\n")[1].split())


def _section(type: str, fact: type[Fact]) -> str:
    described = shapes.type_info(fact)
    assert isinstance(described, shapes.StructType)
    fields = table(["field", "type"], [[f"`{f.encode_name}`", _shape(f.type)] for f in described.fields])
    return "\n\n".join(
        [
            f"### {type}",
            f"Somebody {fact.phrase}. Priority: {PRIORITY_IN_WORDS.get(type, 'routine')}.",
            _asks(type),
            fields,
        ]
    )


def _asks(type: str) -> str:
    if type in ADDRESSED_ONLY:
        return "Reaches only whom it addresses, who is informed."
    rule = getdoc(RULES[type]) if type in RULES else None
    return f"{rule} Everybody else who may read it is informed." if rule else "Everybody who may read it is informed."


def _shape(shape: shapes.Type) -> str:
    match shape:
        case shapes.UnionType(types=types):
            return " or ".join(_shape(option) for option in types)
        case shapes.ListType(item_type=item):
            return f"list of {_shape(item)}"
        case shapes.LiteralType(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case shapes.StructType(fields=fields):
            return "; ".join(f"`{field.encode_name}`: {_shape(field.type)}" for field in fields)
    return _WORDS[type(shape)]
