"""A small slice of what `carehub prove` plays."""

import pytest

from carehub.prove.run import play
from carehub.prove.scenarios import choose
from carehub.prove.stage import Ground

pytestmark = pytest.mark.slow

SEED = 20


@pytest.mark.parametrize("id", ["F01", "F03", "F10", "F13"])
def test_holds(ground: Ground, id: str) -> None:
    (scenario,) = choose(id)

    result = play(ground, scenario, seed=SEED, size="slice")

    assert result.failures == [], result.figures
