"""The durations of a live connection, and its back-off."""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds; only `backoff` is a factor, of every wait before a reconnection. Tests make them small.

    `silence` is two and a half of the server's heartbeats: after it the connection counts as dead. `spacing`
    is the mean time between frames: with bursts of three it keeps below the 20 a second that a server bears.
    """

    backoff: float = 1.0
    poll_every: float = 30.0
    repeat_after: float = 5.0
    silence: float = 40.0
    spacing: float = 0.075
    open_within: float = 10.0


class Backoff:
    """0.5 s doubling to 30 s, each multiplied by a random number between 0.5 and 1.5, and by the scale."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._failures = 0
        self._last = 0.0

    def wait(self, *, stood_for: float) -> float:
        """How long to wait now. A connection that stood for longer than the last wait makes it begin anew."""
        if stood_for > self._last:
            self._failures = 0
        jitter = random.uniform(0.5, 1.5)  # noqa: S311  # spreads clients, protects nothing
        self._last = min(30.0, 0.5 * 2.0 ** min(self._failures, 10)) * jitter * self._scale
        self._failures += 1
        return self._last


class Pace:
    """Frames at a mean distance of `spacing` seconds, up to three of them at once after a rest."""

    _BURST = 3

    def __init__(self, spacing: float, clock: Callable[[], float]) -> None:
        self._spacing = spacing
        self._clock = clock
        self._booked_until = 0.0

    @property
    def delay(self) -> float:
        """How long the next frame must wait, in seconds."""
        return max(0.0, self._booked_until - self._clock() - (self._BURST - 1) * self._spacing)

    def spend(self) -> None:
        """A frame goes now."""
        self._booked_until = max(self._booked_until, self._clock()) + self._spacing
