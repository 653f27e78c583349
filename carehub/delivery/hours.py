"""When a notice may leave, by the clock on its person's wall. Our own proposal, to be replaced by a site.

Quiet hours hold back what is routine or urgent; what is routine also waits for the daily digest. Nothing holds back
asap or stat. A wall clock that jumps is taken as follows: a time that is skipped is the moment at which the clock
jumps on by as much, a time that comes twice is the first of the two, so nothing is held longer than was asked for.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from carehub.events.catalogue import Priority

HELD_BY_QUIET_HOURS: frozenset[Priority] = frozenset({"routine", "urgent"})
DIGESTED: frozenset[Priority] = frozenset({"routine"})
DIGEST_AT = time(8)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """What a person chose; by default no quiet hours, and the digest at 08:00."""

    zone: ZoneInfo
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time = DIGEST_AT


def may_leave_at(now: datetime, *, priority: Priority, hours: Hours) -> datetime:
    """The earliest moment, `now` or later, at which a notice of this priority may be sent."""
    if priority in DIGESTED:
        return next_digest(now, hours)
    if priority in HELD_BY_QUIET_HOURS:
        return end_of_quiet(now, hours) or now
    return now


def next_digest(now: datetime, hours: Hours) -> datetime:
    """The next time after `now` at which the digest leaves."""
    today = now.astimezone(hours.zone).date()
    moments = (_at(today + days * ONE_DAY, hours.digest_at, hours.zone) for days in range(3))
    return next(moment for moment in moments if moment > now)


def end_of_quiet(now: datetime, hours: Hours) -> datetime | None:
    """When the quiet hours that hold `now` are over; None outside of them."""
    if hours.quiet_from is None or hours.quiet_until is None:
        return None
    today = now.astimezone(hours.zone).date()
    is_overnight = hours.quiet_until <= hours.quiet_from
    for day in (today - ONE_DAY, today):
        begin = _at(day, hours.quiet_from, hours.zone)
        end = _at(day + ONE_DAY if is_overnight else day, hours.quiet_until, hours.zone)
        if begin <= now < end:
            return end
    return None


def is_within(moment: time, begin: time, end: time) -> bool:
    """Whether a time on the clock lies in the hours from `begin` to `end`, which may pass midnight."""
    if begin < end:
        return begin <= moment < end
    return moment >= begin or moment < end


def _at(day: date, moment: time, zone: ZoneInfo) -> datetime:
    """That day's moment, as an instant that compares and subtracts in elapsed time."""
    local = datetime.combine(day, moment.replace(fold=0), tzinfo=zone)
    return local.astimezone(ZoneInfo("UTC"))
