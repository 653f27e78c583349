"""The servers' own clocks are wrong, or jump; the calendar does what calendars do. One clock counts: the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from carehub.prove import skew
from carehub.prove.crowd import Crowd
from carehub.prove.scenarios.deadlines import ask
from carehub.prove.scenarios.redis import LATE_SECONDS
from carehub.prove.stage import VISIBLE_SECONDS, Stage

TOKEN_LIVES = timedelta(hours=12)
NEAR = timedelta(seconds=5)
WRONG: tuple[float | str, ...] = (3600, -3600, skew.JUMPS)
FIRST_RUNG = timedelta(minutes=5)
STAT_DUE = timedelta(minutes=30)
"""Of a stat request to acknowledge: when it is brought up first, and when it is due."""


def wrong_clocks(stage: Stage) -> None:
    """Due times, order and expiry are what the database's clock says, over a change of the hour and a leap day too."""
    house = stage.house
    environments = [skew.environment(house.servers.folder, wrong) | ELSEWHERE for wrong in WRONG]
    _require_wrong(stage, environments[0])
    webs = [house.web(environment=environment) for environment in environments]
    for environment in environments:
        house.sweeper(environment=environment)
    house.worker(environment=environments[0])
    with stage.crowd(*webs) as crowd:
        for server in range(len(webs)):
            crowd.log_in("Ben", server=server)
            _require_expiry(stage, WRONG[server])
        crowd.listen(9)
        crowd.write_some(stage.of(30, 200, 2000), every=0.05)
        stage.judge(crowd, visible_within=VISIBLE_SECONDS)
    with stage.crowd(*webs) as crowd:
        for number, moment in enumerate(_moments(_now(stage))):
            house.advance(moment - FIRST_RUNG / 2 - _now(stage))
            crowd.urls.append(crowd.urls.pop(0))
            crowd.log_in("Ben")
            _require_on_time(stage, crowd, moment)
            stage.figure("moments", number + 1)
    ordered = stage.house.rows(
        "SELECT count(*) FROM events_event a JOIN events_event b USING (record_id) WHERE b.seq > a.seq AND b.at < a.at"
    )
    stage.require(ordered == [(0,)], "a record's events do not stand in the order of their times")
    stage.verify()


ELSEWHERE = {"TZ": "America/New_York", "TIME_ZONE": "Europe/Berlin"}


def _require_wrong(stage: Stage, environment: dict[str, str]) -> None:
    told = stage.house.servers.run(
        ["-c", "import datetime; print(datetime.datetime.now(datetime.timezone.utc).isoformat())"], environment
    )
    ahead = datetime.fromisoformat(told.strip()) - datetime.now(UTC)
    stage.require(abs(ahead - timedelta(hours=1)) < timedelta(minutes=1), "the clocks are right, so nothing was tried")


def _now(stage: Stage) -> datetime:
    ((now,),) = stage.house.rows("SELECT carehub_now()")
    found: datetime = now
    return found


def _require_expiry(stage: Stage, wrong: float | str) -> None:
    """The newest token lives for twelve hours by the database's clock, whatever the server thinks."""
    rows = stage.house.rows("SELECT expiry - carehub_now() FROM knox_authtoken ORDER BY expiry DESC")
    lives = rows[0][0]
    right = [left for (left,) in rows if left > timedelta()]
    stage.require(len(right) == len(rows), f"clock {wrong}: a token is outdated")
    stage.require(abs(lives - TOKEN_LIVES) < NEAR * 6, f"clock {wrong}: the newest token lives for {lives}")


def _moments(now: datetime) -> list[datetime]:
    """The next changes of the hour in Berlin, and the next leap day, in order."""
    leap = next(year for year in range(now.year + 1, now.year + 10) if year % 4 == 0 and year % 100)
    found = [_last_sunday(now.year + 1, 3), _last_sunday(now.year + 1, 10), datetime(leap, 2, 29, tzinfo=UTC)]
    return sorted(moment for moment in found if moment > now)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _require_on_time(stage: Stage, crowd: Crowd, moment: datetime) -> None:
    """A request made before the moment is brought up after it, no minute early or late."""
    ask(stage, crowd, 1, priority="stat", asked=("Cleo",))
    ((event, due),) = stage.house.rows(
        "SELECT e.id, d.due_at - e.at FROM events_event e JOIN events_delivery d ON d.event_id = e.id"
        " WHERE e.type = 'message.posted' AND d.due_at IS NOT NULL ORDER BY e.seq DESC LIMIT 1"
    )
    stage.require(due == STAT_DUE, f"{moment:%Y-%m-%d}: due after {due}")

    def rungs() -> int:
        ((number,),) = stage.house.rows("SELECT count(*) FROM delivery_escalation WHERE event_id = %s", [event])
        return int(number)

    stage.house.advance(FIRST_RUNG - timedelta(minutes=1))
    stage.house.sweep_once()
    stage.require(rungs() == 0, f"{moment:%Y-%m-%d}: a rung was climbed early")
    stage.house.advance(timedelta(minutes=1))
    stage.await_(lambda: rungs() == 1, LATE_SECONDS, f"{moment:%Y-%m-%d}: the rung")
