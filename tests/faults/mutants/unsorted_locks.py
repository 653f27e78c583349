"""Writers take the inboxes in any order, as a statement without ORDER BY may."""

from carehub.events import publish
from config.asgi import application

__all__ = ["application"]

SORTED = "FROM addressee ORDER BY person_id"

assert SORTED in publish._PUBLISH
publish._PUBLISH = publish._PUBLISH.replace(SORTED, "FROM addressee ORDER BY random()")
