"""Inboxes are numbered from a sequence, without a lock, so that a lower number may be committed after a higher one."""

from importlib import import_module
from typing import Any

from config.asgi import application

__all__ = ["application"]

COUNTED = """    INSERT INTO events_inbox AS inbox (person_id, head)
    SELECT person_id, 1 FROM addressee ORDER BY person_id
    ON CONFLICT (person_id) DO UPDATE SET head = inbox.head + 1
    RETURNING person_id, head"""
DRAWN = """    SELECT a.person_id, nextval(format('%%I', 'inbox_' || a.person_id)::regclass) AS head,
           pg_sleep(random() * 0.05)
      FROM addressee a"""

publish: Any = import_module("carehub.events.publish")
assert COUNTED in publish._PUBLISH
publish._PUBLISH = publish._PUBLISH.replace(COUNTED, DRAWN).replace("numbered AS (", "numbered AS MATERIALIZED (")
