"""The time zones that mean the same on every machine."""

import functools
import logging
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

logger = logging.getLogger(__name__)

_NO_PLACES = {"localtime", "Factory"}
"""What the machine happens to be set to, and what stands for nothing; both are listed among the zones."""


@functools.cache
def zones() -> frozenset[str]:
    """The names that a person may choose from."""
    return frozenset(available_timezones() - _NO_PLACES)


def zone_or_utc(name: str) -> ZoneInfo:
    """The zone of a name that was stored; UTC where this machine does not know it (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.warning("zones: this machine does not know a time zone that was chosen; UTC instead")
        return ZoneInfo("UTC")
