"""Writers take the inboxes in any order, as a statement without ORDER BY may."""

from importlib import import_module
from typing import Any

from config.asgi import application

__all__ = ["application"]

SORTED = "FROM addressee ORDER BY person_id"

publish: Any = import_module("carehub.events.publish")
assert SORTED in publish._PUBLISH
publish._PUBLISH = publish._PUBLISH.replace(SORTED, "FROM addressee ORDER BY random()")
