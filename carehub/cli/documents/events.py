import re
from inspect import getsource

import msgspec.inspect as shapes

from carehub.access.roles import EVENT_READ
from carehub.access.rulebook import BUILT_IN
from carehub.access.words import event_sentences, priority_words
from carehub.events.catalogue import CATALOGUE, Fact

from .markdown import page, table

INTRODUCTION = """# Every event there is

An event is a past-tense fact, stored with the change that it tells of and with one row for each person on the
record's team: as recipient, with what it asks of him and why, or as excluded, with the reason. Its author is a
recipient of whom nothing is asked. Whoever may read it and of whom no rule asks more is *informed*. When nobody
would be told, the care manager is.

*Standing* events are the current version of their topic until the next one; somebody who joins a team catches up
with the current ones. A newer event of the same topic ends the wait for an older one only for those of whom it asks
as much or more, and hands them the earlier deadline."""

_WORDS: dict[type[shapes.Type], str] = {
    shapes.StrType: "text",
    shapes.IntType: "whole number",
    shapes.BoolType: "yes or no",
    shapes.UUIDType: "UUID",
    shapes.DateTimeType: "date and time",
    shapes.NoneType: "null",
}


def text() -> str:
    """docs/events.md: every event with its fields, its priority and who must do what about it."""
    return page(
        INTRODUCTION,
        table(
            ["type", "somebody ...", "standing", "topic", "who may read it needs"],
            [_row(type, fact) for type, fact in CATALOGUE.items()],
        ),
        "What each asks, and by which clock, is the built-in rule book's ([clinical rules](clinical-rules.md)); an "
        "organization may adopt its own.",
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


def _section(type: str, fact: type[Fact]) -> str:
    described = shapes.type_info(fact)
    assert isinstance(described, shapes.StructType)
    priorities = {rule.event: rule for rule in BUILT_IN.priorities}
    fields = table(["field", "type"], [[f"`{f.encode_name}`", _shape(f.type)] for f in described.fields])
    return "\n\n".join(
        [
            f"### {type}",
            f"Somebody {fact.phrase}. Priority: {priority_words(priorities[type])}.",
            " ".join(event_sentences(BUILT_IN, type)),
            fields,
        ]
    )


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
