"""The lists that exist, in an installation of 100 events and in one of 10,000 (a full run: of 1,000,000 as well).

Ten records whatever the size, everybody on all of them: so inboxes, timelines and reports grow with the ledger.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from tests.bench.ground import House
from tests.bench.plan import Found, Plan
from tests.bench.rows import Goal, percentile, row
from tests.bench.seeding import Teams, token_of

RECORDS = 10
LISTS = {
    "inbox": "/api/v1/inbox?limit=50",
    "open": "/api/v1/inbox/open?limit=50",
    "timeline": "/api/v1/records/{record}/timeline?limit=50",
    "thread": "/api/v1/records/{record}/messages?limit=50",
    "who has seen": "/api/v1/events/{event}/deliveries",
    "uncommunicated": "/api/v1/uncommunicated?limit=50",
}

_READER = """
SELECT m.person_id, m.record_id, (SELECT d.event_id FROM events_delivery d JOIN events_event e ON e.id = d.event_id
         WHERE d.person_id = m.person_id AND e.record_id = m.record_id AND d.n IS NOT NULL ORDER BY d.n DESC LIMIT 1)
  FROM directory_membership m
  JOIN directory_carerecord r ON r.id = m.record_id AND r.care_manager_id = m.person_id
  JOIN directory_person p ON p.id = m.person_id
 WHERE p.email LIKE '%@made-up.example'
 ORDER BY m.id LIMIT 1
"""


def measure(plan: Plan) -> Found:
    """The median request of each list; the sizes in turn."""
    sizes = [100, plan.of(500, 10_000, 10_000)]
    if not (plan.quick or plan.tiny):
        sizes.append(1_000_000)
    took: dict[tuple[str, int], list[float]] = defaultdict(list)
    with _houses(plan, sizes) as addresses:
        for _ in plan.turns(5):
            for size, (port, token, paths) in addresses.items():
                for name, path in paths.items():
                    took[name, size].append(_milliseconds(port, token, path, plan.of(5, 20, 50)))
    found: Found = []
    for name in LISTS:
        for size in sizes[1:]:
            found.append(
                row(
                    f"{name}, {size:,} events",
                    "ms",
                    took[name, size],
                    took[name, sizes[0]],
                    goal=Goal("<=", 1.5),
                    against=f"at {sizes[0]}",
                )
            )
    return found


Address = tuple[int, str, dict[str, str]]


@contextmanager
def _houses(plan: Plan, sizes: list[int]) -> Iterator[dict[int, Address]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield {size: _filled(plan, stack.enter_context(plan.ground.house(Teams(1, 1))), size) for size in sizes}


def _filled(plan: Plan, house: House, events: int) -> Address:
    command = [
        "-m",
        "carehub",
        "make-data",
        "--records",
        str(RECORDS),
        "--events",
        str(events),
        "--teams",
        str(RECORDS),
    ]
    said = house.cluster.run(command, house.environment)
    plan.say(f"  {said.splitlines()[0]}")
    with house.superuser() as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(_READER).fetchone()
        assert row is not None
        person, record, event = row
        connection.execute("UPDATE knox_authtoken SET user_id = %s", [person])
    paths = {name: path.format(record=record, event=event) for name, path in LISTS.items()}
    return house.daphne().port, token_of(0), paths


def _milliseconds(port: int, token: str, path: str, times: int) -> float:
    """The median of so many requests on one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, f"{path}: {answer.status}"
    connection.close()
    return percentile(took, 0.5)
