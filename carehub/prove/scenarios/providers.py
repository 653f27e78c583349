"""Mail server and gateways fail in every way: each notice is tried as the policy says, and silence climbs on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from typing import Any

from carehub.prove.cast import ADMIN, email
from carehub.prove.crowd import Crowd
from carehub.prove.processes import NotWithin
from carehub.prove.scenarios.deadlines import ask
from carehub.prove.sinks import HttpSink, SmtpSink
from carehub.prove.stage import Stage

AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8))
"""As docs/webhooks.md tells providers."""

RETRY_AFTER = timedelta(minutes=3)
BUSY_AFTER = tuple(max(wait, RETRY_AFTER) for wait in AGAIN_AFTER)
LATE = timedelta(seconds=10)
HANGS_FOR = timedelta(seconds=5)
"""How long a gateway may take to answer; the next wait is counted from its end."""

FIRST_RUNG_ASAP = timedelta(minutes=15)
INCIDENT_ASAP = timedelta(hours=8)
OTHERS_SECONDS = 10.0

GATEWAY_OF = {"Ada": "busy", "Dan": "drop", "Cleo": "fail", "Eve": "hang", "Ben": "duplicate", "Iris": "accept"}
"""Whom each gateway reaches; it does what it is called."""

_RECORDER = """
CREATE TABLE prove_attempt (dispatch_id uuid, person text, transport text, at timestamptz);
CREATE FUNCTION prove_note_attempt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO prove_attempt
    SELECT NEW.id, name, NEW.transport, NEW.claimed_at FROM directory_person WHERE id = NEW.person_id;
    RETURN NULL;
END $$;
CREATE TRIGGER prove_attempt AFTER UPDATE ON delivery_dispatch FOR EACH ROW
    WHEN (NEW.state = 'claimed' AND NEW.attempts <> OLD.attempts) EXECUTE FUNCTION prove_note_attempt();
"""
_WAITING = """
SELECT count(*) FILTER (WHERE d.state = 'claimed'),
       min(greatest(d.next_attempt_at, coalesce(c.paused_until, d.next_attempt_at))) - carehub_now()
  FROM delivery_dispatch d JOIN delivery_channel c ON c.id = d.channel_id WHERE d.state IN ('queued', 'claimed')
"""
_ATTEMPTS = "SELECT dispatch_id, at FROM prove_attempt WHERE person = %s AND transport = %s ORDER BY at"
_STATES = """
SELECT d.transport, d.state FROM delivery_dispatch d JOIN directory_person p ON p.id = d.person_id
 WHERE p.name = %s AND NOT EXISTS (SELECT 1 FROM delivery_escalation s WHERE s.id = d.escalation_id AND s.rung > 1)
   AND d.incident_id IS NULL ORDER BY d.queued_at, d.id
"""


def misbehaving(stage: Stage) -> None:
    """The retry policy to the second, then the next way; who hangs delays nobody; accepted and dropped is silence."""
    house = stage.house
    house.execute(_RECORDER)
    with ExitStack() as stack:
        mail = stack.enter_context(SmtpSink())
        gateways = {name: stack.enter_context(HttpSink()) for name in GATEWAY_OF.values()}
        environment = {"EMAIL_URL": mail.url, "WEBHOOK_NETWORKS": "127.0.0.0/8"}
        house.sweep_command += ["--period", "0.5"]
        web, worker = house.web(environment=environment), house.worker(environment=environment)
        house.sweeper(environment=environment)
        stage.await_(lambda: "ready." in worker.tail(), 60, "the worker is ready")
        crowd = stack.enter_context(stage.crowd(web))
        for name, gateway in GATEWAY_OF.items():
            _connect(stage, crowd, name, gateway, gateways[gateway])
        ask(stage, crowd, 1, priority="asap", asked=("Ada", "Cleo", "Dan", "Eve"))
        ask(stage, crowd, 1, priority="asap", asked=("Iris",), at="Meadow", by="Gus")
        ask(stage, crowd, 1, priority="urgent", asked=("Ben",), by="Ada")

        _gateways_fail(stage, crowd, mail, gateways)
        _mail_fails(stage, crowd, mail, gateways["duplicate"])
        _nobody_is_reached(stage, mail, gateways["drop"])
    stage.verify()


def _connect(stage: Stage, crowd: Crowd, name: str, gateway: str, sink: HttpSink) -> None:
    ((organization,),) = stage.house.rows("SELECT id FROM directory_organization")
    sink.behave(gateway)  # type: ignore[arg-type]  # they are called as they behave
    sink.retry_after = str(RETRY_AFTER // timedelta(seconds=1))
    path = f"/api/v1/organizations/{organization}/gateways"
    opened = crowd.call(crowd.client(ADMIN).post(path, {"name": gateway, "url": sink.url}))
    point = {"gateway_id": opened.member("gateway")["id"], "value": f"pager of {name}"}
    crowd.call(crowd.client(name).post("/api/v1/contact-points", point))


def _gateways_fail(stage: Stage, crowd: Crowd, mail: SmtpSink, gateways: dict[str, HttpSink]) -> None:
    """Five attempts each, then mail; meanwhile a gateway that works is not kept waiting."""
    stage.house.advance(FIRST_RUNG_ASAP)
    began = time.monotonic()
    stage.require(gateways["hang"].await_(asked=1, seconds=30), "the gateway that hangs was never asked")
    stage.await_(lambda: bool(gateways["accept"].arrived), 60, "a gateway that works")
    stage.figure("beside a hanging gateway s", time.monotonic() - began)
    stage.require(time.monotonic() - began <= OTHERS_SECONDS, "a gateway that hangs delayed another")
    _play_out(stage)

    _require_schedule(stage, "Cleo", "webhook", AGAIN_AFTER)
    _require_schedule(stage, "Ada", "webhook", BUSY_AFTER)
    _require_schedule(stage, "Eve", "webhook", AGAIN_AFTER, each_takes=HANGS_FOR)
    for name in ("Cleo", "Ada", "Eve"):
        _require_states(stage, name, [("webhook", "failed"), ("mail", "sent")])
        keys = gateways[GATEWAY_OF[name]].keys
        stage.require(len(keys) == 5 and len(set(keys)) == 1, f"{name}: {len(keys)} requests, {len(set(keys))} keys")
    _require_states(stage, "Iris", [("webhook", "sent")])
    _require_states(stage, "Dan", [("webhook", "sent")])
    reached = sorted(sent.to for sent in mail.arrived)
    stage.require(reached == sorted(email(name) for name in ("Ada", "Cleo", "Eve")), f"mail reached {reached}")
    for name in ("Ada", "Cleo", "Eve", "Iris"):
        _acknowledge(crowd, name)


def _mail_fails(stage: Stage, crowd: Crowd, mail: SmtpSink, duplicating: HttpSink) -> None:
    """What is urgent goes by mail first, five times; then the gateway, which brings it twice under one key."""
    mail.behave("fail")
    ((left,),) = stage.house.rows(
        "SELECT min(next_rung_at) - carehub_now() FROM events_delivery WHERE priority = 'urgent' AND next_rung_at"
        " IS NOT NULL AND person_id = %s",
        [stage.cast.people["Ben"]],
    )
    stage.house.advance(left)
    stage.await_(lambda: bool(stage.house.rows(_ATTEMPTS, ["Ben", "mail"])), 30, "mail to Ben")
    _play_out(stage)
    _require_schedule(stage, "Ben", "mail", AGAIN_AFTER)
    _require_states(stage, "Ben", [("mail", "failed"), ("webhook", "sent")])
    stage.require(len(duplicating.got) == 1, f"the gateway was given {len(duplicating.got)} notices")
    keys = {sent.key for sent in duplicating.arrived}
    stage.require(len(duplicating.arrived) == 2 and len(keys) == 1, "it was not brought twice under one key")
    _acknowledge(crowd, "Ben")


def _nobody_is_reached(stage: Stage, mail: SmtpSink, pager: HttpSink) -> None:
    """Dan's provider takes everything and brings nothing, the mail server too: it ends in an incident all the same."""
    mail.behave("drop")
    arrived = len(mail.arrived)
    stage.house.advance(INCIDENT_ASAP)
    incidents = "SELECT count(*) FROM delivery_incident WHERE closed_at IS NULL"
    stage.await_(lambda: stage.house.rows(incidents) == [(1,)], 60, "the incident")
    _play_out(stage)
    rungs = stage.house.rows(
        "SELECT p.name, s.rung FROM delivery_escalation s JOIN directory_person p ON p.id = s.person_id"
        " WHERE s.rung > 1 ORDER BY s.rung"
    )
    stage.require(rungs == [("Dan", rung) for rung in range(2, 7)], f"the rungs were {rungs}")
    stage.figure("taken and dropped", len(pager.got) + len(mail.got) - len(mail.arrived))
    stage.require(len(pager.got) >= 2 and not pager.arrived, "nothing was dropped, so nothing was tried")
    stage.require(len(mail.arrived) == arrived, "mail arrived that was dropped")
    ((most,),) = stage.house.rows(
        "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM delivery_dispatch"
        " GROUP BY escalation_id, incident_id, round, person_id, contact_point_id) AS each_way"
    )
    stage.require(most == 1, f"one notice was queued {most} times by one way")


def _play_out(stage: Stage) -> None:
    """Move the clock from each due attempt to the next until nothing waits to be sent. Raises NotWithin."""
    deadline = time.monotonic() + stage.of(120, 180, 300)
    while time.monotonic() < deadline:
        ((under_way, left),) = stage.house.rows(_WAITING)
        if left is None:
            return
        if under_way or left <= timedelta():
            stage.pause(0.1)
        else:
            stage.house.advance(left)
    raise NotWithin("notices still wait to be sent")


def _require_schedule(
    stage: Stage, name: str, transport: str, waits: Sequence[timedelta], *, each_takes: timedelta = timedelta()
) -> None:
    """One notice, tried once more than there are waits; none early, none more than some seconds late."""
    attempts = stage.house.rows(_ATTEMPTS, [name, transport])
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(attempts)]
    stage.require(len({id for id, _ in attempts}) == 1, f"{name}: more than one notice by {transport}")
    late = [gap - wait - each_takes for gap, wait in zip(gaps, waits, strict=False)]
    right = len(gaps) == len(waits) and all(timedelta() <= each <= LATE for each in late)
    stage.figure("retry late max s", max([stage.figures.get("retry late max s", 0.0), *map(_seconds, late)]))
    stage.require(right, f"{name} by {transport}: tried again after {', '.join(map(str, gaps))}")


def _require_states(stage: Stage, name: str, expected: list[Any]) -> None:
    """The ways of the first rung's notice, in order, and how each ended."""
    found = stage.house.rows(_STATES, [name])
    stage.require(found == expected, f"{name}: {found}, not {expected}")


def _acknowledge(crowd: Crowd, name: str) -> None:
    rows = crowd.call(crowd.client(name).get("/api/v1/inbox/open")).member("results")
    body = {"acknowledge": [row["n"] for row in rows]}
    crowd.call(crowd.client(name).post("/api/v1/inbox/receipts", body))


def _seconds(span: timedelta) -> float:
    return span / timedelta(seconds=1)
