"""How one method of one route is named, tagged and described in the OpenAPI document.

Apart from openapi.py because drf-spectacular imports it while its own views, which that module needs, are loading.
"""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema

from carehub.access.capabilities import Capability

SCOPES = {
    "anybody": "Needs no log-in.",
    "own account": "Needs a log-in; one's own account only.",
    "own inbox": "Needs a log-in; one's own inbox only.",
    "own records": "Needs a log-in; the records on whose team one is.",
    "own absences": "Needs a log-in; one's own, and those of others with `cover.manage` where they work.",
    "told of the event": "For those who were told of the event.",
}
"""What a door may name instead of a capability on a record, each with its sentence."""


class Operation(AutoSchema):
    """Names, tags and describes one method of one route by what the door says of itself."""

    def get_operation_id(self) -> str:
        """A change by its request (`revisePlan`), everything else by method and door (`getInbox`)."""
        override: Any = None if self.method == "GET" else self.get_request_serializer()
        asked = re.search(r"/(\w+)$", str(override["application/json"]["$ref"])) if override else None
        door = type(self.view).__name__
        if asked and asked[1] != f"{door}In":
            return asked[1][0].lower() + asked[1][1:]
        return str(self.method).lower() + door

    def get_tags(self) -> list[str]:
        """The room."""
        return [type(self.view).__module__.split(".")[1]]

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular calls it so
        """Who may."""
        name = getattr(self.view, str(self.method).lower()).capability
        if name in SCOPES:
            return SCOPES[name]
        return f"Needs the capability `{name}`: may {Capability(name).label}."
