"""Local times to instants. What a clock on the wall does not show, or shows twice, is refused with what to send."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from carehub.core.errors import InvalidInput

LOCAL = r"^\d{4}-\d\d-\d\dT\d\d:\d\d([+-]\d\d:\d\d)?$"
_YEARS = range(2000, 2200)


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
