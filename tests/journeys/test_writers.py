"""Many writers at once: every inbox stays gapless and nobody deadlocks."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.clients import Api, Socket, run
from tests.servers import Installation

pytestmark = pytest.mark.slow

WRITERS = 8
POSTS = 200


def test_eight_writers_on_overlapping_teams_leave_no_gap_and_no_deadlock(house: Installation) -> None:
    one, two = house.web(), house.web()
    mine, theirs = house.record_id(), house.record_id("Panic")
    # Ivan, Nils and Maya join Otto's team, so that the two teams lock each other's inboxes.
    dora = Api.log_in(one.url, "Dora")
    for name, role in (("Maya", "therapist"), ("Ivan", "psychiatrist"), ("Nils", "nurse")):
        ((person,),) = house.rows("SELECT id FROM directory_person WHERE name = %s", [name])
        added = dora.post(f"/records/{theirs}/members", {"person_id": str(person), "role": role})
        assert added.status == 201, added.body
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = house.rows(deadlocks)
    names = ["Maya", "Ivan", "Nils", "Paula", "Maya", "Ivan", "Nils", "Otto"]
    writers = [Api.log_in((one, two)[i % 2].url, name) for i, name in enumerate(names)]

    def write(i: int) -> list[int]:
        record = theirs if names[i] == "Otto" or (i >= 4 and names[i] != "Paula") else mine
        path = f"/records/{record}/messages"
        return [writers[i].post(path, {"text": f"{i}/{k}"}).status for k in range(POSTS)]

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = [status for each in pool.map(write, range(WRITERS)) for status in each]

    assert statuses == [201] * WRITERS * POSTS
    assert house.rows("SELECT count(*) FROM events_event WHERE type = 'message.posted'") == [(WRITERS * POSTS,)]
    gaps = house.rows(
        """
        SELECT d.person_id FROM events_delivery d JOIN events_inbox i USING (person_id) WHERE n IS NOT NULL
         GROUP BY d.person_id, i.head HAVING count(*) <> i.head OR min(n) <> 1 OR max(n) <> i.head
        """
    )
    assert gaps == []
    order = house.rows(
        """
        SELECT 1 FROM (SELECT e.seq, lag(e.seq) OVER (PARTITION BY d.person_id ORDER BY d.n) AS earlier
                         FROM events_delivery d JOIN events_event e ON e.id = d.event_id WHERE d.n IS NOT NULL) x
         WHERE earlier > seq
        """
    )
    assert order == [], "the order of the ledger is the order of everybody's inbox"
    assert house.rows(deadlocks) == before

    # Nils has been away all the time: sixteen windows full come in order, each once, and equal what HTTP says.
    nils = Api.log_in(one.url, "Nils")
    ((head,),) = house.rows(
        "SELECT head FROM events_inbox i JOIN directory_person p ON p.id = i.person_id WHERE p.name = 'Nils'"
    )
    pushed: list[dict[str, Any]] = []

    async def scenario() -> None:
        socket = await Socket.open(nils, cursor="1.0")
        while not pushed or pushed[-1]["n"] < head:
            pushed.append(await socket.next("event"))
            if len(pushed) % 100 == 0:
                await socket.send(kind="received", n=pushed[-1]["n"])

    run(scenario)
    assert [frame["n"] for frame in pushed] == list(range(1, head + 1))
    polled: list[dict[str, Any]] = []
    cursor = "1.0"
    while len(polled) < head:
        page = nils.get(f"/inbox?after={cursor}&limit=200").json
        polled += page["results"]
        cursor = page["cursor"]
    assert [row["event"] for row in polled] == [frame["event"] for frame in pushed]
    house.verify()


def test_joining_and_leaving_among_writers_leaves_no_deadlock_and_nothing_open_on_a_leaver(house: Installation) -> None:
    one, two = house.web(), house.web()
    mine, theirs = house.record_id(), house.record_id("Panic")
    cora, dora = Api.log_in(one.url, "Cora"), Api.log_in(two.url, "Dora")
    people = dict(house.rows("SELECT name, id::text FROM directory_person"))
    assert dora.post(f"/records/{theirs}/members", {"person_id": people["Maya"], "role": "therapist"}).status == 201
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = house.rows(deadlocks)

    def toggle(api: Api, record: object, name: str, role: str) -> list[int]:
        statuses = []
        for _ in range(15):
            added = api.post(f"/records/{record}/members", {"person_id": people[name], "role": role})
            ended = api.post(f"/records/{record}/members/{added.json['id']}/end", {"reason": "x"})
            statuses += [added.status, ended.status]
        return statuses

    def write(api: Api, record: object) -> list[int]:
        body = {"text": "x", "mentioned_roles": ["therapist", "psychiatrist"], "asks_acknowledgement": True}
        return [api.post(f"/records/{record}/messages", body).status for _ in range(40)]

    def acknowledge(api: Api) -> list[int]:
        done = []
        for _ in range(30):
            numbers = [row["n"] for row in api.get("/inbox/open").json["results"]]
            done.append(api.post("/inbox/receipts", {"received": 0, "acknowledge": numbers}).status)
        return done

    maya, otto, olga = (Api.log_in(two.url, name) for name in ("Maya", "Otto", "Olga"))
    with ThreadPoolExecutor(6) as pool:
        work = [
            pool.submit(toggle, cora, mine, "Olga", "psychiatrist"),
            pool.submit(toggle, dora, theirs, "Ivan", "psychiatrist"),
            pool.submit(write, Api.log_in(one.url, "Paula"), mine),
            pool.submit(write, otto, theirs),
            pool.submit(acknowledge, maya),
            pool.submit(acknowledge, olga),
        ]
        statuses = {status for future in work for status in future.result()}

    assert statuses <= {200, 201}
    assert house.rows(deadlocks) == before
    stranded = house.rows(
        """
        SELECT d.person_id FROM events_delivery d JOIN events_event e ON e.id = d.event_id
         WHERE d.due_at IS NOT NULL AND d.outcome IS NULL AND NOT EXISTS (
               SELECT 1 FROM directory_membership m
                WHERE m.person_id = d.person_id AND m.record_id = e.record_id AND m.ended_at IS NULL)
        """
    )
    assert stranded == []
    house.verify()
