"""What a client shows of one record, fetched afresh, and what it makes of an event without fetching anything.

Left out is what no event carries: when exactly something was stored, and a revision's text. `docs/protocol.md` tells
clients to fetch that again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from carehub.client import CareHub, Problem

Snapshot = dict[str, dict[str, Any]]
"""Part -> id -> what is shown of it. A part that this person may not read is missing."""


async def fetch(client: CareHub, record: str) -> Snapshot:
    """A fresh snapshot, as one person may see it. Everything but the record itself may be refused."""
    base = f"/api/v1/records/{record}"
    opened = (await client.get(base)).json
    found: Snapshot = {"team": {place["id"]: _place(place) for place in opened["team"]}}
    readers: dict[str, Callable[[], Any]] = {
        "plan": lambda: _plan(client, base),
        "flags": lambda: _list(client, f"{base}/flags", _flag),
        "messages": lambda: _list(client, f"{base}/messages", _message),
        "incidents": lambda: _incidents(client, record),
    }
    for part, read in readers.items():
        try:
            found[part] = await read()
        except Problem as refusal:
            if refusal.status != 403:
                raise
    return found


def apply(snapshot: Snapshot, event: Mapping[str, Any]) -> None:
    """Change the snapshot by one event. Raises KeyError for a type that no client of ours knows."""
    _APPLIERS[event["type"]](snapshot, event, event["body"])


async def _list(client: CareHub, path: str, show: Callable[[Any], Any]) -> dict[str, Any]:
    return {row["id"]: show(row) async for row in client.pages(path, by="before")}


async def _incidents(client: CareHub, record: str) -> dict[str, Any]:
    rows = [row async for row in client.pages("/api/v1/incidents")]
    return {
        row["id"]: {"about": row["event_id"], "owner": row["owner"], "closed": row["close_reason"]}
        for row in rows
        if row["record_id"] == record
    }


async def _plan(client: CareHub, base: str) -> dict[str, Any]:
    plan = (await client.get(f"{base}/plan")).json
    told = ("revision", "rationale", "changes", "event_id")
    return {"current": {name: plan[name] for name in told}, "achievement": plan["achievement"]}


def _place(place: Mapping[str, Any]) -> dict[str, Any]:
    return {"person": place["person"]["name"], "role": place["role"], "purpose": place["purpose"]}


def _flag(row: Mapping[str, Any]) -> dict[str, Any]:
    told = ("coding", "severity", "category", "note", "question", "asked_roles", "unanswered_roles", "event_id")
    answers = [[answer["event_id"], answer["text"], answer["changes_plan"]] for answer in row["answers"]]
    return {name: row[name] for name in told} | {"by": row["raised_by"]["name"], "answers": answers}


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    told = ("text", "priority", "mentioned_ids", "mentioned_roles", "asks_acknowledgement", "event_id")
    return {name: row[name] for name in told} | {"by": row["author"]["name"]}


def _nothing(snapshot: Snapshot, event: Any, body: Any) -> None:
    """It changes nothing that is shown of the record: who must act is in the inbox."""


def _started(snapshot: Snapshot, event: Any, body: Any) -> None:
    place = {"person": body["person_name"], "role": body["role"], "purpose": body["purpose"]}
    snapshot["team"][body["membership_id"]] = place


def _ended(snapshot: Snapshot, event: Any, body: Any) -> None:
    snapshot["team"].pop(body["membership_id"])


def _revised(snapshot: Snapshot, event: Any, body: Any) -> None:
    told = ("revision", "rationale", "changes")
    snapshot["plan"]["current"] = {name: body[name] for name in told} | {"event_id": event["id"]}


def _progressed(snapshot: Snapshot, event: Any, body: Any) -> None:
    snapshot["plan"]["achievement"][body["goal_id"]] = body["now"]


def _raised(snapshot: Snapshot, event: Any, body: Any) -> None:
    told = ("coding", "severity", "category", "note", "question", "asked_roles")
    flag = {name: body[name] for name in told} | {"event_id": event["id"], "by": event["author"]["name"]}
    snapshot["flags"][body["flag_id"]] = flag | {"unanswered_roles": body["asked_roles"], "answers": []}


def _answered(snapshot: Snapshot, event: Any, body: Any) -> None:
    flag = snapshot["flags"][body["flag_id"]]
    flag["answers"] = [*flag["answers"], [event["id"], body["text"], body["changes_plan"]]]
    flag["unanswered_roles"] = [role for role in flag["unanswered_roles"] if role not in body["roles"]]


def _posted(snapshot: Snapshot, event: Any, body: Any) -> None:
    told = ("text", "priority", "mentioned_ids", "mentioned_roles", "asks_acknowledgement")
    message = {name: body[name] for name in told} | {"event_id": event["id"], "by": event["author"]["name"]}
    snapshot["messages"][body["message_id"]] = message


def _opened(snapshot: Snapshot, event: Any, body: Any) -> None:
    incident = {"about": body["about_event_id"], "owner": body["owner_name"], "closed": ""}
    snapshot["incidents"][body["incident_id"]] = incident


def _closed(snapshot: Snapshot, event: Any, body: Any) -> None:
    snapshot["incidents"][body["incident_id"]]["closed"] = body["reason"]


_APPLIERS: Mapping[str, Callable[[Snapshot, Any, Any], None]] = {
    "record.opened": _nothing,
    "membership.started": _started,
    "membership.ended": _ended,
    "plan.revised": _revised,
    "goal.progressed": _progressed,
    "flag.raised": _raised,
    "flag.answered": _answered,
    "message.posted": _posted,
    "obligation.escalated": _nothing,
    "incident.opened": _opened,
    "incident.closed": _closed,
    "cover.missing": _nothing,
}

KNOWN = frozenset(_APPLIERS)
