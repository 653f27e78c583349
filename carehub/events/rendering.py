"""Whether this code can show a stored event: its type is in the catalogue, and its body fits there.

An event that another version of the code wrote may be neither. It stays what it is in the ledger.
"""

import re
from typing import Any

import msgspec

from .catalogue import Fact, parse

_PATH = re.compile(r" - at `(\$[^`]*)`$")


def rendered(type: str, body: dict[str, Any]) -> Fact | None:
    """The typed body of a stored event; None for one that this code cannot show."""
    try:
        return parse(type, body)
    except (KeyError, msgspec.ValidationError):
        return None


def fault(type: str, body: dict[str, Any]) -> str:
    """Why this code cannot show an event, naming fields and nothing of their content; empty when it can."""
    try:
        parse(type, body)
    except KeyError:
        return "its type is not in the catalogue"
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        return f"its body does not fit its type, at {found[1] if found else '$'}"[:100]
    return ""
