"""Many writers at once: every inbox stays gapless and nobody deadlocks."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clients import Api
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
