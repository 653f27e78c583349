"""Time zones by the IANA names that mean the same on every machine.

Who writes a name that there is not is told which may have been meant.
"""

import difflib
import functools
import logging
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from .errors import InvalidInput

logger = logging.getLogger(__name__)

_NO_PLACES = {"localtime", "Factory"}
"""What the machine happens to be set to, and what stands for nothing; both are listed among the zones."""


def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises InvalidInput that names a few close ones."""
    if name in _zones():
        return ZoneInfo(name)
    close = _close_to(name)
    hint = f"Close: {', '.join(close)}." if close else "Use an IANA name such as Europe/Berlin."
    raise InvalidInput(f"Unknown time zone. {hint}", pointer="/time_zone")


def zone_or_utc(name: str) -> ZoneInfo:
    """The zone of a name that was stored; UTC where this machine does not know it (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.warning("zones: this machine does not know a time zone that was chosen; UTC instead")
        return ZoneInfo("UTC")


def choices() -> list[str]:
    """The zones that are offered, by name: those of places, and UTC."""
    return [*sorted(_of_places()), "UTC"]


def _of_places() -> list[str]:
    return [zone for zone in _zones() if "/" in zone and not zone.startswith("Etc/")]


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACES)


def _close_to(name: str) -> list[str]:
    """Up to three zones that may have been meant: by city, whatever the capitals, else by spelling."""
    wanted = name.strip().lower().replace(" ", "_")
    city = wanted.rpartition("/")[2]
    by_name = {zone.lower(): zone for zone in _of_places()}
    by_city = {low.rpartition("/")[2]: zone for low, zone in sorted(by_name.items(), reverse=True)}
    found = [zone for low, zone in sorted(by_name.items()) if low.rpartition("/")[2] == city]
    found += [by_name[low] for low in difflib.get_close_matches(wanted, by_name, n=3)]
    found += [by_city[low] for low in difflib.get_close_matches(city, by_city, n=3)]
    return list(dict.fromkeys(found))[:3]
