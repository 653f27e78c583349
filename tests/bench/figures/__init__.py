"""The rows of the table, a module each; in the order of their importance."""

from __future__ import annotations

from tests.bench.plan import Figure

from . import burst, connects, fan_out, idle, latency, lists, posts, shown, slow_reader, variants, whole_event

FIGURES: dict[str, Figure] = {
    "fan-out": fan_out.measure,
    "latency": latency.measure,
    "posts": posts.measure,
    "burst": burst.measure,
    "idle": idle.measure,
    "connects": connects.measure,
    "slow-reader": slow_reader.measure,
    "lists": lists.measure,
    "whole-event": whole_event.measure,
    "variants": variants.measure,
    "shown": shown.measure,
}
