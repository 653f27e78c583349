"""Writers take the inboxes in any order, as a statement without ORDER BY may, and slowly, as on a busy machine."""

from importlib import import_module
from typing import Any

from config.asgi import application

__all__ = ["application"]

SORTED = "FROM addressee ORDER BY person_id"
IN_ANY_ORDER = """FROM (SELECT person_id FROM addressee ORDER BY random()) AS shuffled
    CROSS JOIN LATERAL (SELECT pg_sleep(0.02 + 0 * length(person_id::text))) AS pause"""

publish: Any = import_module("carehub.events.publish")
assert SORTED in publish._PUBLISH
publish._PUBLISH = publish._PUBLISH.replace(SORTED, IN_ANY_ORDER)
