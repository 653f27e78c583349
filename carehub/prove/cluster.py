"""A PostgreSQL and a Valkey of one's own, and databases on them that are copies of one another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg
import redis
from psycopg import sql

from carehub.standalone.folders import temporary_folder
from carehub.standalone.foreground import await_condition
from carehub.standalone.machine import CHECKOUT
from carehub.standalone.servers import (
    APP_ROLE,
    OWNER_ROLE,
    PostgresServer,
    ValkeyServer,
    create_roles_and_database,
    free_port,
)
from carehub.standalone.tether import tethered

Purpose = Literal["tests", "prove"]


class CommandFailed(Exception):
    """A command of CareHub ended with another exit code than 0; the text is what it said."""


class Cluster:
    """Both servers in a temporary folder that is removed with them. `purpose` is what its databases are made for.

    Start it from the main thread. `settings` are given to PostgreSQL as they are.
    """

    def __init__(self, purpose: Purpose, settings: Mapping[str, str] | None = None) -> None:
        self.purpose = purpose
        self._stack = ExitStack()
        with ExitStack() as stack:
            self.folder: Path = stack.enter_context(temporary_folder())
            chosen = {"max_connections": "300", "log_min_messages": "warning", **(settings or {})}
            self.postgres = stack.enter_context(PostgresServer(self.folder / "postgres", free_port(), chosen))
            self.valkey = stack.enter_context(ValkeyServer(self.folder / "valkey", free_port()))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop both and remove what they wrote."""
        self._stack.close()

    def heal(self) -> None:
        """Let both run and answer again, whatever was done to them. Call it in the main thread."""
        for server in (self.postgres, self.valkey):
            if (pid := server.pid) is not None:
                os.kill(pid, signal.SIGCONT)
            server.start()

    def kill_postgres(self) -> None:
        """SIGKILL PostgreSQL with all of its processes, as a power cut would; the data stay."""
        pid = self.postgres.pid
        if pid is None:
            return
        for each in (pid, *_children(pid)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        await_condition(lambda: not self.postgres.is_running, 5)

    def kill_valkey(self) -> None:
        """SIGKILL Valkey; it keeps nothing."""
        if (pid := self.valkey.pid) is not None:
            os.kill(pid, signal.SIGKILL)
            await_condition(lambda: not self.valkey.is_running, 5)

    def empty_valkey(self) -> None:
        """Delete everything in Valkey (FLUSHALL)."""
        with redis.Redis.from_url(self.valkey.url, socket_timeout=2) as client:
            client.flushall()

    def environment(self, database: str, channel: str) -> dict[str, str]:
        """The variables of an installation on one of these databases, on a Redis channel of its own."""
        return {
            "DATABASE_URL": self.postgres.url(APP_ROLE, database),
            "DATABASE_OWNER_URL": self.postgres.url(OWNER_ROLE, database),
            "REDIS_URL": self.valkey.url,
            "CAREHUB_CHANNEL": channel,
            "SECRET_KEY": f"{self.purpose}-only",
            "CAREHUB_DEMO": "1",
            "CAREHUB_FAILPOINT": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONWARNINGS": "",
        }

    def create_database(self, name: str) -> None:
        """An empty database of the owner's role."""
        create_roles_and_database(self.postgres, name)

    def migrate(self, database: str) -> None:
        """Bring a database up to date as its owner, and dedicate it to this cluster's purpose."""
        self.run(["-m", "carehub", "migrate", "--purpose", self.purpose], self.environment(database, "migrate"))

    def run(self, command: list[str], environment: Mapping[str, str]) -> str:
        """Run Python with these arguments to its end and return what it printed. Raises CommandFailed."""
        done = subprocess.run(
            tethered([sys.executable, *command], signal.SIGKILL),
            env={**os.environ, **environment},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailed(f"`python {' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def copy_database(self, source: str, target: str) -> None:
        """A copy of a database; whoever is connected to that is cut off."""
        with psycopg.connect(self.postgres.superuser_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(target), sql.Identifier(source), sql.Identifier(OWNER_ROLE)
                )
            )

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is still connected to it."""
        with psycopg.connect(self.postgres.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _children(pid: int) -> list[int]:
    """The processes that a process has started; none where the system does not tell (elsewhere than on Linux)."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []
