"""A time zone is one that IANA knows."""

import pytest

from carehub.core.errors import InvalidInput
from carehub.core.zones import choices, zone_of

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
    ],
)
def test_an_unknown_zone_is_refused_with_a_close_one(name: str, close: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        zone_of(name)

    assert close in refused.value.detail
    assert refused.value.pointer == "/time_zone"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "Mars/Olympus"])
def test_a_zone_that_is_none_at_all_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="Unknown time zone"):
        zone_of(name)


def test_whatever_is_offered_is_taken() -> None:
    assert all(zone_of(name).key == name for name in choices())
    assert "Etc/GMT+1" not in choices()
