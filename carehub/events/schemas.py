"""Events as JSON Schema, for the documents of the API and of the socket: one vocabulary, written once."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from .catalogue import CATALOGUE
from .wire import UNRENDERABLE, EventOut

REFERENCE = "#/components/schemas/"
"""Where OpenAPI and AsyncAPI both look for schemas."""

_MOMENT = re.compile(r"at|since|\w+_at")
_QUALIFIED = re.compile(r"(?:carehub|config)\.(\w+)\.(?:\w+\.)*(\w+)")


def components(structs: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    """The schemas of these structs, of what they contain and of every event's body, by name, sorted."""
    wanted: set[type[msgspec.Struct]] = {*structs, EventOut, *CATALOGUE.values()}
    ordered = sorted(wanted, key=lambda struct: (struct.__name__, struct.__module__))
    _, found = msgspec.json.schema_components(ordered, ref_template=REFERENCE + "{name}")
    schemas = {_short(name): _with_short_references(schema) for name, schema in found.items()}
    for schema in schemas.values():
        _date_times(schema)
    _bodies(schemas["EventOut"])
    return dict(sorted(schemas.items()))


def _bodies(event: dict[str, Any]) -> None:
    """Say that the type decides what the body holds."""
    event["properties"]["type"]["enum"] = sorted([*CATALOGUE, UNRENDERABLE])
    event["properties"]["body"] = {"type": "object", "description": "By type; docs/events.md lists them."}
    event["allOf"] = [
        {
            "if": {"properties": {"type": {"const": type}}},
            "then": {"properties": {"body": {"$ref": REFERENCE + fact.__name__}}},
        }
        for type, fact in sorted(CATALOGUE.items())
    ]


def _short(name: str) -> str:
    """A struct that two rooms have, `carehub.plans.api.Row`, as `plans.Row`."""
    found = _QUALIFIED.fullmatch(name)
    return f"{found[1]}.{found[2]}" if found else name


def _with_short_references(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: REFERENCE + _short(value.removeprefix(REFERENCE)) if key == "$ref" else _with_short_references(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_with_short_references(item) for item in schema]
    return schema


def _date_times(schema: dict[str, Any]) -> None:
    """msgspec leaves the format of a datetime unsaid unless its zone is constrained; a text with a pattern is none."""
    for name, shape in schema.get("properties", {}).items():
        if _MOMENT.fullmatch(name):
            for option in shape.get("anyOf", [shape]):
                if option.get("type") == "string" and "pattern" not in option:
                    option["format"] = "date-time"
