"""The rows of the table, a module each; in the order of their importance."""

from __future__ import annotations

from tests.bench.plan import Figure

from . import fan_out

FIGURES: dict[str, Figure] = {
    "fan-out": fan_out.measure,
}
