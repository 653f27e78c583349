"""`carehub prove` plays every action and its client understands every event."""

import pytest

from carehub.events.catalogue import CATALOGUE
from carehub.prove.scenarios.snapshots import DEEDS
from carehub.prove.snapshot import KNOWN
from tests.actions.scenarios import SCENARIOS

pytestmark = pytest.mark.quick

WITHOUT_A_ROUTE = {"open_record", "climb"}
"""A record is opened before, and a row is climbed by itself only where a batch has failed."""


def test_every_action_on_a_record_is_played() -> None:
    assert {scenario.action.__name__ for scenario in SCENARIOS} - WITHOUT_A_ROUTE == set(DEEDS)


def test_every_event_is_understood() -> None:
    assert set(CATALOGUE) == KNOWN
