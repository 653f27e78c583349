"""This worker's own PostgreSQL and Valkey, and private installations on copies of its database."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from uuid import UUID

import psycopg
from psycopg import sql

from carehub.standalone.folders import temporary_folder
from carehub.standalone.servers import (
    APP_ROLE,
    OWNER_ROLE,
    PostgresServer,
    ValkeyServer,
    create_roles_and_database,
    free_port,
)

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "carehub_tests"
SEEDED = "carehub_seeded"


class Servers:
    """Started once a worker, before Django's settings are read."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        folder = self._stack.enter_context(temporary_folder())
        self.postgres = self._stack.enter_context(
            PostgresServer(
                folder / "postgres",
                free_port(),
                {"max_connections": "300", "fsync": "off", "log_min_messages": "warning"},
            )
        )
        self.valkey = self._stack.enter_context(ValkeyServer(folder / "valkey", free_port()))
        self.folder = folder
        create_roles_and_database(self.postgres, DATABASE)

    def stop(self) -> None:
        """Stop both and remove what they wrote."""
        self._stack.close()

    def environment(self, database: str, channel: str) -> dict[str, str]:
        """The variables of an installation on one of this worker's databases."""
        return {
            "DATABASE_URL": self.postgres.url(APP_ROLE, database),
            "DATABASE_OWNER_URL": self.postgres.url(OWNER_ROLE, database),
            "REDIS_URL": self.valkey.url,
            "CAREHUB_CHANNEL": channel,
            "SECRET_KEY": "tests-only",
            "CAREHUB_DEMO": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "",
        }

    def migrate(self, database: str) -> None:
        """Bring a database up to date as its owner, and dedicate it to tests."""
        subprocess.run(
            [sys.executable, "-m", "carehub", "migrate", "--purpose", "tests"],
            env=os.environ | self.environment(database, "migrate"),
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def copy_database(self, source: str, target: str) -> None:
        """A copy of a database that nobody is connected to."""
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


class Process:
    """One process of an installation; its output goes to `log`."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                command,
                env=os.environ | environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.popen.kill()
        self.popen.wait()

    def terminate(self) -> None:
        """SIGTERM, and wait; SIGKILL after 10 s."""
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None


class Web(Process):
    """A daphne; `url` is where it answers."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application"]
        super().__init__(name, [sys.executable, *command], environment, folder)

    def wait(self, path: str = "/livez", seconds: float = 30) -> None:
        """Return once `path` answers 200."""
        wait_until(lambda: self.is_running() and status_of(self.url + path) == 200, seconds, self.log)


class Installation:
    """Processes on one copy of the seeded database. Nobody else's Redis channel, clock or rows."""

    def __init__(self, servers: Servers, name: str) -> None:
        self.servers, self.database = servers, name
        self._environment = servers.environment(name, name)
        self.processes: list[Process] = []

    def web(self, *, environment: dict[str, str] | None = None) -> Web:
        """Start a daphne and wait until it answers."""
        name = f"web{len(self.processes) + 1}"
        process = Web(
            name,
            self._environment | {"CAREHUB_SERVER_NAME": name} | (environment or {}),
            self.servers.folder,
        )
        self.processes.append(process)
        process.wait()
        return process

    def sweeper(self) -> Process:
        """Start `carehub sweep`."""
        return self._start("sweep", ["-m", "carehub", "sweep"])

    def worker(self) -> Process:
        """Start a Celery worker."""
        return self._start(
            "worker", ["-m", "celery", "-A", "config.celery", "worker", "--pool=solo", "--loglevel=INFO"]
        )

    def _start(self, name: str, command: list[str]) -> Process:
        name = f"{name}{len(self.processes) + 1}"
        process = Process(
            name,
            [sys.executable, *command],
            self._environment | {"CAREHUB_SERVER_NAME": name},
            self.servers.folder,
        )
        self.processes.append(process)
        return process

    def sweep_once(self) -> None:
        """One pass of the sweeper, in a process of its own that ends."""
        self._start("sweep-once", ["-m", "carehub", "sweep", "--once"]).popen.wait(60)

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """What a superuser reads; tests look at the ledger itself, not at what the product says of it."""
        with self._superuser() as connection:
            return connection.execute(query, parameters).fetchall()

    def execute(self, statement: str, parameters: Any = None) -> None:
        """What a superuser does by hand."""
        with self._superuser() as connection:
            connection.execute(statement, parameters)

    def advance(self, by: timedelta) -> None:
        """Move the database's clock forward."""
        self.execute("UPDATE core_installation SET clock_offset = clock_offset + %s", [by])

    def _superuser(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.servers.postgres.url("carehub_root", self.database), autocommit=True)

    def verify(self) -> None:
        """`carehub verify-ledger` finds nothing broken."""
        command = [sys.executable, "-m", "carehub", "verify-ledger"]
        found = subprocess.run(
            command, env=os.environ | self._environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stdout + found.stderr

    def record_id(self, title: str = "Depression") -> UUID:
        """Rosa's record, or the one with another title."""
        ((id,),) = self.rows("SELECT id FROM directory_carerecord WHERE title = %s", [title])
        found: UUID = id
        return found

    def stop(self) -> None:
        """Kill what still runs and drop the database."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.popen.pid, signal.SIGCONT)
            process.kill()
        self.servers.drop_database(self.database)


def wait_until(condition: Callable[[], object], seconds: float = 10, log: Path | None = None) -> None:
    """Return as soon as the condition holds; fail with the log's tail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-3000:] if log else ""
            raise AssertionError(f"not within {seconds} s\n{tail}")
        time.sleep(0.05)


def status_of(url: str) -> int:
    """The HTTP status of a GET; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            status: int = response.status
            return status
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


@contextlib.contextmanager
def installation(servers: Servers, name: str) -> Iterator[Installation]:
    """A private installation on a copy of the seeded database, without processes yet."""
    servers.copy_database(SEEDED, name)
    found = Installation(servers, name)
    try:
        yield found
    finally:
        found.stop()
