"""How large a run is, and what a figure is given to measure with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .ground import Ground
from .machine import load
from .rows import Check, Row


@dataclass
class Plan:
    """The size of this run; `rounds` overrides the number of interleaved rounds."""

    ground: Ground
    quick: bool = False
    rounds: int | None = None
    tiny: bool = False
    say: Callable[[str], None] = print
    loads: list[float] = field(default_factory=list)

    def of(self, tiny: int, quick: int, full: int) -> int:
        """The one of the three numbers that this run's size asks for."""
        return tiny if self.tiny else quick if self.quick else full

    def turns(self, full: int, *, quick: int = 1) -> Iterator[int]:
        """The rounds: `full` of them, `quick` in a quick run, as many as were asked for."""
        for number in range(self.rounds or (1 if self.tiny else quick if self.quick else full)):
            self.loads.append(load())
            yield number


Found = list[Row | Check]
Figure = Callable[[Plan], Found]
