"""One private installation: a database of its own on a cluster, and processes that are started and killed at will."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Self

import psycopg

from carehub.prove.cluster import Cluster
from carehub.prove.processes import APPLICATION, Process, Web
from carehub.prove.proxy import Proxy
from carehub.standalone.servers import SUPERUSER

SWEEP_ONCE_SECONDS = 60


class Installation:
    """Processes on one database. Nobody else's Redis channel, clock or rows."""

    def __init__(self, servers: Cluster, name: str) -> None:
        self.servers, self.database = servers, name
        self._environment = servers.environment(name, name)
        self.application = APPLICATION
        self.sweep_command = ["-m", "carehub", "sweep"]
        self.processes: list[Process] = []

    @classmethod
    @contextmanager
    def copied(cls, servers: Cluster, source: str, name: str) -> Iterator[Self]:
        """An installation on a copy of a database, without processes yet; all of it is gone afterwards."""
        servers.copy_database(source, name)
        found = cls(servers, name)
        try:
            yield found
        finally:
            found.stop()

    def behind(self, postgres: Proxy) -> dict[str, str]:
        """The variables of a process that reaches PostgreSQL through this proxy."""
        here = self._environment["DATABASE_URL"]
        return {"DATABASE_URL": here.replace(f":{self.servers.postgres.port}/", f":{postgres.port}/")}

    def web(self, *, environment: Mapping[str, str] | None = None, port: int | None = None) -> Web:
        """Start a daphne and wait until it answers."""
        process = self.begin_web(environment=environment, port=port)
        process.wait()
        return process

    def begin_web(self, *, environment: Mapping[str, str] | None = None, port: int | None = None) -> Web:
        """Start a daphne without waiting for it."""
        name = f"web{len(self.processes) + 1}"
        process = Web(
            name,
            self._variables(name, environment),
            self.servers.folder,
            port=port,
            application=self.application,
        )
        self.processes.append(process)
        return process

    def sweeper(self, *, environment: Mapping[str, str] | None = None) -> Process:
        """Start `carehub sweep`."""
        return self._start("sweep", self.sweep_command, environment)

    def worker(self, *, environment: Mapping[str, str] | None = None) -> Process:
        """Start a Celery worker."""
        command = [
            "-m",
            "celery",
            "-A",
            "config.celery",
            "worker",
            "--pool=threads",
            "--concurrency=10",
            "--loglevel=INFO",
        ]
        return self._start("worker", command, environment)

    def sweep_once(self) -> None:
        """One pass of the sweeper, in a process of its own that ends."""
        self._start("sweep-once", [*self.sweep_command, "--once"], None).popen.wait(SWEEP_ONCE_SECONDS)

    def _start(self, kind: str, command: list[str], environment: Mapping[str, str] | None) -> Process:
        name = f"{kind}{len(self.processes) + 1}"
        process = Process(name, command, self._variables(name, environment), self.servers.folder)
        self.processes.append(process)
        return process

    def _variables(self, name: str, environment: Mapping[str, str] | None) -> dict[str, str]:
        return {**self._environment, "CAREHUB_SERVER_NAME": name, **(environment or {})}

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """What a superuser reads: the ledger itself, not what the product says of it."""
        with self.superuser() as connection:
            return connection.execute(query, parameters).fetchall()

    def execute(self, statement: str, parameters: Any = None) -> None:
        """What a superuser does by hand."""
        with self.superuser() as connection:
            connection.execute(statement, parameters)

    def advance(self, by: timedelta) -> None:
        """Move the database's clock forward."""
        self.execute("UPDATE core_installation SET clock_offset = clock_offset + %s", [by])

    def superuser(self) -> psycopg.Connection[Any]:
        """A superuser's connection in autocommit."""
        url = self.servers.postgres.url(SUPERUSER, self.database)
        return psycopg.connect(url, autocommit=True, connect_timeout=3)

    def verify(self) -> str:
        """What `carehub verify-ledger` prints; raises CommandFailed, with that, when it finds anything broken."""
        return self.servers.run(["-m", "carehub", "verify-ledger"], self._environment)

    def stop(self) -> None:
        """Kill what still runs and drop the database."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.kill(process.popen.pid, signal.SIGCONT)
            process.kill()
        self.servers.drop_database(self.database)
