"""A process dies exactly where it hurts; each place has its own promise."""

from __future__ import annotations

import time
from datetime import timedelta

from carehub.client import Live, Receipt
from carehub.prove.crowd import Crowd
from carehub.prove.history import read_history
from carehub.prove.processes import Process, Web
from carehub.prove.scenarios.deadlines import ask
from carehub.prove.scenarios.one_key import say
from carehub.prove.scenarios.workers import LATE_SECONDS, LEASE, require_mails, unsent
from carehub.prove.stage import VISIBLE_SECONDS, Stage

DIES_SECONDS = 30.0
OVERDUE = timedelta(minutes=6)


def each(stage: Stage) -> None:
    """Every place in turn, on one installation."""
    web = stage.house.web()
    with stage.crowd(web) as crowd:
        crowd.listen(8)
        rounds = stage.of(1, 2, 10)
        for number in range(rounds):
            for place in ("before_commit", "mid_audience"):
                _nothing_exists(stage, crowd, place, f"{place}-{number}")
            for place in ("after_commit", "after_hint"):
                _exists_once(stage, crowd, place, f"{place}-{number}")
        stage.judge(crowd)
    with stage.crowd(web) as crowd:
        for _ in range(rounds):
            _confirmed_after_commit_only(stage, crowd)
        for _ in range(rounds):
            _climbed_once(stage, crowd)
        _sent_with_one_key(stage, crowd, rounds)
    stage.figure("deaths", 8 * rounds)
    stage.verify()


def _armed(place: str) -> dict[str, str]:
    return {"CAREHUB_FAILPOINT": f"{place}:kill9"}


def _await_death(stage: Stage, process: Process) -> None:
    stage.await_(lambda: not process.is_running(), DIES_SECONDS, f"{process.name} dies at its fail-point")


def _messages(stage: Stage, text: str) -> int:
    ((number,),) = stage.house.rows("SELECT count(*) FROM messaging_message WHERE text = %s", [text])
    return int(number)


def _write_and_die(stage: Stage, crowd: Crowd, place: str, text: str) -> Web:
    """Ben writes to a server that dies at this place; then he has no answer."""
    record = stage.cast.records["Harbour"]
    doomed = stage.house.web(environment=_armed(place))
    crowd.urls.append(doomed.url)
    stage.history.invoke(text, who="Ben", record=record)
    unheard = crowd.call(say(crowd.client("Ben", -1), record, text, text))
    crowd.urls.pop()
    stage.require(unheard[0] == 0, f"{place}: answered with {unheard[0]}")
    _await_death(stage, doomed)
    return doomed


def _write_again(stage: Stage, crowd: Crowd, place: str, text: str) -> None:
    """He says it again to a server that lives; now there is one, however often he says it."""
    record = stage.cast.records["Harbour"]
    answers = {crowd.call(say(crowd.client("Ben"), record, text, text)) for _ in range(2)}
    stage.history.end(text, "ok")
    stage.require([status for status, _ in answers] == [201], f"{place}: the retries were answered differently")
    stage.require(_messages(stage, text) == 1, f"{place}: {_messages(stage, text)} messages after the retries")


def _nothing_exists(stage: Stage, crowd: Crowd, place: str, text: str) -> None:
    _write_and_die(stage, crowd, place, text)
    stage.require(_messages(stage, text) == 0, f"{place}: something exists")
    _write_again(stage, crowd, place, text)


def _exists_once(stage: Stage, crowd: Crowd, place: str, text: str) -> None:
    _write_and_die(stage, crowd, place, text)
    began = time.monotonic()
    stage.require(_messages(stage, text) == 1, f"{place}: it does not exist")
    stage.await_(lambda: _heard(stage, text), VISIBLE_SECONDS, f"{place}: visible to everybody")
    stage.figure(f"{place} visible s", time.monotonic() - began)
    _write_again(stage, crowd, place, text)


def _heard(stage: Stage, text: str) -> bool:
    """Whether a socket of each of Harbour's people has it."""
    lines = read_history(stage.history.path)
    return {line.who for line in lines if line.op == text and line.via} >= {"Ada", "Ben", "Cleo", "Dan", "Eve"}


def _confirmed_after_commit_only(stage: Stage, crowd: Crowd) -> None:
    """A server dies with an acknowledgement in hand: not stored, not confirmed, and said again until it is."""
    house = stage.house

    def stored() -> int:
        ((number,),) = house.rows("SELECT count(*) FROM audit_entry WHERE verb = 'event.acknowledge'")
        return int(number)

    before = stored()
    doomed = house.web(environment=_armed("before_ack_commit"))
    ask(stage, crowd, 1, priority="stat", asked=("Cleo",))
    crowd.urls.append(doomed.url)
    client = crowd.client("Cleo", -1)
    crowd.urls.pop()

    async def acknowledge() -> Receipt:
        async with client.live(await client.first_cursor()) as live:
            return await live.acknowledge(await _asked(live))

    future = crowd.begin(acknowledge())
    _await_death(stage, doomed)
    stage.require(stored() == before, "before_ack_commit: stored though the server died before")
    stage.require(not future.done(), "before_ack_commit: confirmed though the server died before")
    house.web(port=doomed.port)
    stage.require(future.result(30).state == "acknowledged", "before_ack_commit: never confirmed")
    stage.require(stored() == before + 1, "before_ack_commit: not stored once")


async def _asked(live: Live) -> int:
    """The number of the event that Cleo is asked to acknowledge."""
    async for event in live:
        if event.is_open:
            return event.n
    raise AssertionError("the live connection ended")


def _climbed_once(stage: Stage, crowd: Crowd) -> None:
    def first_rungs() -> int:
        ((number,),) = stage.house.rows("SELECT count(*) FROM delivery_escalation WHERE rung = 1")
        return int(number)

    before = first_rungs()
    ask(stage, crowd, 1, priority="stat", asked=("Dan",))
    stage.house.advance(OVERDUE)
    doomed = stage.house.sweeper(environment=_armed("mid_escalation"))
    _await_death(stage, doomed)
    stage.require(first_rungs() == before, "mid_escalation: a rung without its end")
    sweeper = stage.house.sweeper()
    stage.await_(lambda: first_rungs() == before + 1, LATE_SECONDS, "mid_escalation: the rung")
    sweeper.terminate()


def _sent_with_one_key(stage: Stage, crowd: Crowd, rounds: int) -> None:
    workers = []
    stage.house.sweeper()
    for place in ("after_lease", "after_send_before_mark") * rounds:
        ask(stage, crowd, 1, priority="stat", asked=("Eve",))
        stage.house.advance(OVERDUE)
        workers.append(stage.house.worker(environment=_armed(place)))
        _await_death(stage, workers[-1])
        stage.require(unsent(stage) > 0, f"{place}: marked as sent")
        stage.house.advance(LEASE)
        workers.append(stage.house.worker())
        stage.await_(lambda: unsent(stage) == 0, LATE_SECONDS, f"{place}: every notice sent")
        workers[-1].terminate()
    require_mails(stage, workers)
    again = stage.figures["sent again"]
    stage.require(again == rounds, f"after_send_before_mark: {again:g} sent again in {rounds} rounds")
