"""Liveness (the process answers) and readiness (it can do its work: migrations, database, a sweeper that beats)."""

from collections.abc import Callable

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from carehub.core.clock import DatabaseNow, now
from carehub.core.errors import Unavailable
from carehub.delivery.models import Heartbeat, Unrenderable, Verification
from carehub.delivery.sweeper import QUIET_AFTER
from carehub.delivery.verify import OUTDATED_AFTER

from .rest import as_http

REPORTED_ONLY = frozenset({"ledger", "events"})
"""Checks whose finding is told and changes no status: to stop serving would mend no row and tell nobody anything."""

_migrated = False


def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; asks nobody else."""
    return HttpResponse(b'{"status":"alive"}', content_type="application/json")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when this installation can do its work, else 503 naming each check that fails and its remedy.

    What the last hourly look at the ledger found, and which events this version cannot show, is told either way.
    """
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "migrations": _migrations,
        "sweeper": _sweeper,
        "ledger": _ledger,
        "events": _events,
    }
    found: dict[str, str] = {}
    silence = ""
    for name, check in checks.items():
        try:
            found[name] = silence or check()
        except DatabaseError as error:
            # To ask it once more for each check would take that many time-outs.
            found[name] = silence = f"the database does not answer ({type(error).__name__})"
    failing = {name: text for name, text in found.items() if text != "ok" and name not in REPORTED_ONLY}
    if failing:
        detail = "Not ready: " + "; ".join(f"{name}: {text}" for name, text in failing.items()) + "."
        refusal = Unavailable(detail, checks=found)
        refusal.headers["Retry-After"] = "2"
        return as_http(refusal)
    body = {"status": "ready", "server": settings.SERVER_NAME, "checks": found}
    return HttpResponse(msgspec.json.encode(body), content_type="application/json")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    """Asked of the database until the answer is yes; a migrated database stays so while this process lives."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return f"{len(missing)} not applied; run `carehub migrate`"
        _migrated = True
    return "ok"


def _sweeper() -> str:
    if Heartbeat.objects.filter(at__gt=DatabaseNow() - QUIET_AFTER).exists():
        return "ok"
    return f"no sweeper has looked for {int(QUIET_AFTER.total_seconds())} s; start `carehub sweep`"


def _ledger() -> str:
    last = Verification.objects.first()
    if last is None or last.at is None:
        return "not verified yet; a worker does it once an hour"
    if last.broken:
        return f"broken at {last.at:%Y-%m-%d %H:%M}Z: {', '.join(sorted(last.broken))}; run `carehub verify-ledger`"
    if last.at < now() - OUTDATED_AFTER:
        return f"not verified since {last.at:%Y-%m-%d %H:%M}Z; is a worker running?"
    return "ok"


def _events() -> str:
    hidden = Unrenderable.objects.filter(resolved_at=None).order_by("found_at")
    first = hidden.first()
    if first is None:
        return "ok"
    since = f"the first is {first.pk}, found at {first.found_at:%Y-%m-%d %H:%M}Z: {first.reason}"
    return f"{hidden.count()} cannot be shown by this version; {since}; run `carehub verify-ledger`"
