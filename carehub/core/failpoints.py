"""Places where a fault test may stop, fail or slow this process: `CAREHUB_FAILPOINT=name:action[:n]`.

Actions: `kill9` (the process dies at once), `raise`, `sleep` (30 s); `n` is the hit at which it happens (1 by
default). `refuse_unsafe_start` keeps them out of every installation that tests or `carehub prove` did not make.
"""

import os
import signal
import time

_ACTIONS = ("kill9", "raise", "sleep")
_setting = os.environ.get("CAREHUB_FAILPOINT", "")
_hits = 0


class FailPointHit(RuntimeError):
    """Raised where `CAREHUB_FAILPOINT` asks for it."""


def fail_point(name: str) -> None:
    """Do nothing, unless the environment names this place."""
    if not _setting or _setting.split(":")[0] != name:
        return
    global _hits
    _hits += 1
    _, action, *nth = _setting.split(":")
    if _hits != int(nth[0] if nth else 1):
        return
    if action == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "sleep":
        time.sleep(30)
    if action == "raise":
        raise FailPointHit(name)


def refuse_unsafe_start() -> None:
    """Exit when fail-points are set on a database that neither tests nor `carehub prove` made."""
    if not _setting:
        return
    from .models import Installation

    action = [*_setting.split(":"), ""][1]
    if action not in _ACTIONS:
        raise SystemExit(f"CAREHUB_FAILPOINT: the action must be one of {', '.join(_ACTIONS)}.")
    if Installation.objects.get().purpose not in (Installation.Purpose.TESTS, Installation.Purpose.PROVE):
        raise SystemExit("CAREHUB_FAILPOINT is set, but this database holds care. Unset it.")
