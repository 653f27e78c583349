"""Play scenarios one after another and keep what each of them found."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass

from carehub.prove.scenarios import Scenario
from carehub.prove.stage import Ground, Size


@dataclass(frozen=True, slots=True)
class Result:
    """What one scenario measured and what did not hold; the same seed makes the same choices again."""

    id: str
    title: str
    seed: int
    seconds: float
    figures: dict[str, float]
    failures: list[str]

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return not self.failures


def play(ground: Ground, scenario: Scenario, *, seed: int, size: Size) -> Result:
    """Play one scenario on an installation of its own. Whatever it raises is one of its failures."""
    began = time.monotonic()
    with ground.stage(seed, size) as stage:
        try:
            scenario.run(stage)
        except Exception as error:
            *_, place = traceback.extract_tb(error.__traceback__)
            stage.failures.append(f"{type(error).__name__} in {place.name}, line {place.lineno}: {error}")
    seconds = round(time.monotonic() - began, 1)
    return Result(scenario.id, scenario.title, seed, seconds, stage.figures, stage.failures)
