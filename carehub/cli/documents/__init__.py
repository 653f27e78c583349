"""The generated documents: what permissions.md, events.md, clinical-rules.md, openapi.json and asyncapi.yaml say.

Each is written from the code that is in force; `carehub docs --check` and a guard fail on a stale one.
"""

from collections.abc import Callable

from . import asyncapi, clinical, events, openapi, permissions

DOCUMENTS: dict[str, Callable[[], str]] = {
    "permissions.md": permissions.text,
    "events.md": events.text,
    "clinical-rules.md": clinical.text,
    "openapi.json": openapi.text,
    "asyncapi.yaml": asyncapi.text,
}
"""Each generated file of docs/ with what makes its text; Django must be set up."""
