"""Local times to instants. What a clock on the wall does not show, or shows twice, is refused with what to send."""

import difflib
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from carehub.core.errors import InvalidInput
from carehub.core.zones import zones

LOCAL = r"^\d{4}-\d\d-\d\dT\d\d:\d\d([+-]\d\d:\d\d)?$"
_YEARS = range(2000, 2200)


def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises InvalidInput that names a few close ones."""
    if name in zones():
        return ZoneInfo(name)
    close = _close_to(name)
    hint = f"Close: {', '.join(close)}." if close else "Use an IANA name such as Europe/Berlin."
    raise InvalidInput(f"Unknown time zone. {hint}", pointer="/time_zone")


def instant(local: str, zone: ZoneInfo, *, pointer: str) -> datetime:
    """The instant at which clocks in this zone show `local` (2026-10-25T18:00).

    An hour that exists twice needs its offset (2026-10-25T02:30+01:00); an offset may be given at any time and must
    be the zone's. Raises InvalidInput for an hour that clocks skip, for one that they show twice, for a wrong offset
    and for what is no time.
    """
    given = _parse(local, pointer)
    naive = given.replace(tzinfo=None)
    # PEP 495: in a gap or a fold the two readings differ in their offset; only a fold survives the way there and back.
    readings = {naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    real = sorted(moment for moment in readings if moment.astimezone(zone).replace(tzinfo=None) == naive)
    if not real:
        after = max(readings).astimezone(zone)
        raise InvalidInput(
            f"{naive:%H:%M} does not exist in {zone.key} on {naive:%Y-%m-%d}: clocks go forward over it. "
            f"The same moment is shown as {after:%H:%M}.",
            pointer=pointer,
        )
    if given.tzinfo is None:
        if len(real) > 1:
            raise InvalidInput(
                f"{naive:%H:%M} exists twice in {zone.key} on {naive:%Y-%m-%d}: clocks go back. "
                f"Send {_exact(real, zone)}.",
                pointer=pointer,
            )
        return real[0]
    if (moment := given.astimezone(UTC)) not in real:
        raise InvalidInput(
            f"{zone.key} has another offset at that time. Leave it out, or send {_exact(real, zone)}.", pointer=pointer
        )
    return moment


def _parse(local: str, pointer: str) -> datetime:
    if re.fullmatch(LOCAL, local):
        try:
            given = datetime.fromisoformat(local)
        except ValueError:
            given = None
        if given is not None and given.year in _YEARS:
            return given
    raise InvalidInput(
        "A local time has the form 2026-10-25T18:00, with an offset (+01:00) where that hour exists twice.",
        pointer=pointer,
    )


def _exact(moments: list[datetime], zone: ZoneInfo) -> str:
    return " or ".join(moment.astimezone(zone).isoformat(timespec="minutes") for moment in moments)


def _close_to(name: str) -> list[str]:
    """Up to three zones that may have been meant: by city, whatever the capitals, else by spelling."""
    wanted = name.strip().lower().replace(" ", "_")
    city = wanted.rpartition("/")[2]
    by_name = {zone.lower(): zone for zone in zones() if "/" in zone and not zone.startswith("Etc/")}
    by_city = {low.rpartition("/")[2]: zone for low, zone in sorted(by_name.items(), reverse=True)}
    found = [zone for low, zone in sorted(by_name.items()) if low.rpartition("/")[2] == city]
    found += [by_name[low] for low in difflib.get_close_matches(wanted, by_name, n=3)]
    found += [by_city[low] for low in difflib.get_close_matches(city, by_city, n=3)]
    return list(dict.fromkeys(found))[:3]
