"""An event that this version cannot show stands at the head of inboxes: what follows it arrives, and operators know."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from carehub.prove.cluster import CommandFailed
from carehub.prove.crowd import Crowd
from carehub.prove.processes import Web
from carehub.prove.stage import VISIBLE_SECONDS, Stage

TOLD_SECONDS = 60.0
LOOKS_EVERY = timedelta(seconds=16)
REMINDED_AFTER = timedelta(hours=4)
TITLE = "Written by another version"

_LOCK_RECORD = "SELECT FROM directory_carerecord WHERE id = %(record)s FOR NO KEY UPDATE"
_LOCK_INBOXES = """
SELECT FROM events_inbox WHERE person_id IN (SELECT person_id FROM directory_membership
                                              WHERE record_id = %(record)s AND ended_at IS NULL)
 ORDER BY person_id FOR UPDATE
"""
_WRITE = """
WITH log AS (
    UPDATE events_recordlog SET head = head + 1 WHERE record_id = %(record)s RETURNING head
), box AS (
    UPDATE events_inbox SET head = head + 1
     WHERE person_id IN (SELECT person_id FROM directory_membership WHERE record_id = %(record)s AND ended_at IS NULL)
    RETURNING person_id, head
), made AS (
    INSERT INTO events_event (id, seq, record_id, number, type, topic, is_standing, priority, author_id, at, body)
    SELECT gen_random_uuid(), nextval('events_event_seq'), %(record)s, head, %(type)s, '', false, 'urgent', NULL,
           carehub_now(), %(body)s::jsonb
      FROM log
    RETURNING id
)
INSERT INTO events_delivery
    (person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority, due_at, next_rung_at, rung,
     round, outcome_reason)
SELECT m.person_id, made.id, box.head, ARRAY[m.role],
       CASE WHEN m.person_id = %(asked)s THEN 'acknowledge' ELSE 'inform' END, 'role', '{}', '', 'urgent',
       CASE WHEN m.person_id = %(asked)s THEN carehub_now() + interval '8 hours' END,
       CASE WHEN m.person_id = %(asked)s THEN carehub_now() + interval '1 hour' END, 0, 1, ''
  FROM made, directory_membership m JOIN box USING (person_id)
 WHERE m.record_id = %(record)s AND m.ended_at IS NULL
RETURNING event_id
"""
_REMINDED = "SELECT count(*) FROM delivery_escalation WHERE name = 'reminded'"
_MEND = """
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE events_event SET type = 'record.opened', body = '{"title": "Written by another version"}' WHERE type = %s;
COMMIT
"""

STRANGE: tuple[tuple[str, Any], ...] = (("medication.changed", {"drug": "none"}), ("record.opened", {"title": 7}))
"""A type that this version does not know, and a body that does not fit its type."""


def at_the_head(stage: Stage) -> None:
    """Others proceed; operators are told within a minute; deadlines are kept; a version that can shows it in full."""
    house = stage.house
    web = house.web()
    house.sweeper()
    with stage.crowd(web) as crowd:
        crowd.listen(stage.of(8, 16, 32))
        crowd.write(4, every=0.1)
        stage.await_(lambda: crowd.acknowledged >= 20, 60, "writes before")
        stage.history.fault("events that cannot be shown")
        began = time.monotonic()
        events = [_write(stage, type, body) for type, body in STRANGE]
        stage.await_(lambda: _told(web).startswith("2 cannot be shown"), TOLD_SECONDS, "operators are told")
        stage.figure("operators told s", time.monotonic() - began)
        goal = crowd.acknowledged + stage.of(20, 200, 2000)
        stage.await_(lambda: crowd.acknowledged >= goal, 120, "writes behind them")
        stage.require(web.answers("/readyz"), "it is unready for what it cannot show")
        _require_told_of(stage)
        stage.judge(crowd, visible_within=VISIBLE_SECONDS, verifies=False)
        _require_shown(stage, crowd, events, ["event.unrenderable", "record.opened"], TITLE, times=0)
        house.advance(REMINDED_AFTER)
        stage.await_(lambda: house.rows(_REMINDED) == [(len(events),)], 30, "their reminders")

        for type, _ in STRANGE:
            house.execute(_MEND.replace("%s", f"'{type}'"))
        house.advance(LOOKS_EVERY)
        stage.await_(lambda: _told(web) == "ok", TOLD_SECONDS, "resolved")
        _require_shown(stage, crowd, events, ["record.opened", "record.opened"], TITLE, times=2)
    stage.verify()


def _write(stage: Stage, type: str, body: Any) -> Any:
    """As another version would: everybody of Harbour is told, Eve has to acknowledge."""
    given = {
        "record": stage.cast.records["Harbour"],
        "asked": stage.cast.people["Eve"],
        "type": type,
        "body": json.dumps(body),
    }
    with stage.house.superuser() as connection, connection.transaction():
        connection.execute(_LOCK_RECORD, given)
        connection.execute(_LOCK_INBOXES, given)
        rows = connection.execute(_WRITE, given).fetchall()
    return str(rows[0][0])


def _told(web: Web) -> str:
    try:
        with urlopen(web.url + "/readyz", timeout=10) as answer:  # noqa: S310  # our own http address
            return str(json.load(answer)["checks"]["events"])
    except HTTPError:
        return "unready until the sweeper has looked"


def _require_told_of(stage: Stage) -> None:
    """The ledger's verification names them, too."""
    try:
        stage.house.verify()
    except CommandFailed as failed:
        stage.require("event-can-be-shown" in str(failed), f"another finding: {failed}")
    else:
        stage.require(False, "the verification did not find them")


def _require_shown(stage: Stage, crowd: Crowd, events: list[Any], types: list[str], title: str, *, times: int) -> None:
    """They are in the inboxes of all of Harbour, under these types; so many of them with this content."""
    for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"):
        rows = crowd.call(_inbox(crowd, name))
        found = [row["event"] for row in rows if row["event"]["id"] in events]
        stage.require([event["type"] for event in found] == types, f"{name} is shown {found}")
        full = sum(event["body"].get("title") == title for event in found)
        stage.require(full == times, f"{name} is shown {full} of them in full, not {times}")


async def _inbox(crowd: Crowd, name: str) -> list[Any]:
    client, found = crowd.client(name), []
    cursor = await client.first_cursor()
    while rows := (page := await client.get(f"/api/v1/inbox?after={cursor}&limit=200")).member("results"):
        found += rows
        cursor = page.member("cursor")
    return found
