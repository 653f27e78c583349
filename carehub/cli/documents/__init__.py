"""The generated documents: what docs/permissions.md, events.md, openapi.json and asyncapi.yaml must say.

Each is written from the code that is in force; `carehub docs --check` and a guard fail on a stale one.
"""

from collections.abc import Callable

from . import asyncapi, events, openapi, permissions

DOCUMENTS: dict[str, Callable[[], str]] = {
    "permissions.md": permissions.text,
    "events.md": events.text,
    "openapi.json": openapi.text,
    "asyncapi.yaml": asyncapi.text,
}
"""Each generated file of docs/ with what makes its text; Django must be set up."""
