"""One round of a fan-out: saturating, or at a fixed rate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from .generator import Arrivals, Generator
from .machine import cpu_of_all, until, wait
from .rows import percentile
from .sides import Side

PATIENCE = 60.0


class Lost(AssertionError):
    """Something was sent and did not arrive, or arrived twice."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured. `cpu` is the server's, in microseconds for each delivery; `generator` the share of one
    core that the load generator used; latencies in milliseconds."""

    deliveries: int
    per_second: float
    cpu: float
    generator: float
    p50: float
    p99: float


def saturate(side: Side, generator: Generator, events: int, window: int) -> Round:
    """As fast as it goes, with at most `window` deliveries on their way. Raises Lost."""
    batches = side.stage(events)
    generator.mark()
    cpu, began, sent = cpu_of_all(side.pids), time.time(), {}
    for batch in range(batches):
        limit = (batch + 1) * side.fanout - window
        if generator.arrived < limit:
            wait(partial(_has, generator, limit), PATIENCE, 0.0002)
        sent[batch] = side.send(batch)
    return _settle(side, generator, sent, cpu, began)


def _has(generator: Generator, number: int) -> bool:
    return generator.arrived >= number


def pace(side: Side, generator: Generator, events: int, per_second: float) -> Round:
    """At so many deliveries a second. Raises Lost."""
    batches = side.stage(events)
    generator.mark()
    cpu, began, sent = cpu_of_all(side.pids), time.time(), {}
    start = time.monotonic()
    for batch in range(batches):
        until(start + batch * side.fanout / per_second)
        sent[batch] = side.send(batch)
    return _settle(side, generator, sent, cpu, began)


def _settle(side: Side, generator: Generator, sent: dict[int, float], cpu: float, began: float) -> Round:
    expected = len(sent) * side.fanout
    wait(lambda: generator.arrived >= expected, PATIENCE, 0.005)
    used = cpu_of_all(side.pids) - cpu
    arrivals = generator.arrivals()
    require_whole(side.name, arrivals, expected)
    latencies = arrivals.latencies(sent)
    wall = max(arrivals.times) - began
    return Round(
        len(arrivals),
        len(arrivals) / wall,
        used / len(arrivals) * 1e6,
        arrivals.cpu,
        percentile(latencies, 0.5),
        percentile(latencies, 0.99),
    )


def require_whole(name: str, arrivals: Arrivals, expected: int) -> None:
    """Each socket got each event once. Raises Lost."""
    pairs = set(zip(arrivals.sockets, arrivals.marks, strict=True))
    if len(arrivals) != expected or len(pairs) != expected or arrivals.lost:
        raise Lost(
            f"{name}: {len(arrivals)} arrivals, {len(pairs)} different, of {expected}; {arrivals.lost} sockets lost"
        )
