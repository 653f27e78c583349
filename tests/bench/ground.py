"""Servers of the benchmarks' own, and the programs that are compared on them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import redis

from carehub.prove.cluster import Cluster
from carehub.prove.installation import Installation
from carehub.prove.processes import APPLICATION, NotWithin, Process, Web, status_of
from carehub.standalone.servers import LOOPBACK, OWNER_ROLE, SUPERUSER, free_port

from .machine import wait
from .seeding import Teams, seed

TEMPLATE = "bench_template"
NAIVE_APPLICATION = "tests.bench.baselines.naive.asgi:application"
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
    "track_commit_timestamp": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": "300",
}
"""Durable as in production: fsync and synchronous_commit stay on."""

_numbers = count(1)


class Server(Process):
    """Any program that listens on a port of its own; `{port}` in its command is that port."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        super().__init__(name, [part.format(port=self.port) for part in command], environment, folder)
        wait(lambda: not self.is_running() or status_of(self.url + "/livez") == 200, 30, 0.05)
        if status_of(self.url + "/livez") != 200:
            raise NotWithin(f"{name} did not start\n{self.tail()}")


UVICORN = (
    *("-m", "uvicorn", "--host", LOOPBACK, "--port", "{port}", "--ws", "websockets-sansio"),
    *("--ws-per-message-deflate", "false", "--log-level", "warning", "--lifespan", "off"),
)
GUNICORN = (
    *("-m", "gunicorn", "--bind", f"{LOOPBACK}:{{port}}", "--workers", "2", "--worker-class", "gthread"),
    *("--threads", "4", "--log-level", "warning", "config.wsgi:application"),
)


class House:
    """One seeded database and its channel; processes of the product are started on it."""

    def __init__(self, cluster: Cluster, installation: Installation, teams: Teams) -> None:
        self.cluster, self.teams = cluster, teams
        self.installation = installation
        self.channel = installation.database
        self.environment = cluster.environment(installation.database, installation.database)
        self.redis = redis.Redis.from_url(cluster.valkey.url)

    def daphne(self, application: str = APPLICATION) -> Web:
        """One daphne with everything on, as `carehub up` starts it; another application for the variants."""
        self.installation.application = application
        return self.installation.web()

    def server(self, name: str, command: Sequence[str]) -> Server:
        """Any other server on the same database."""
        environment = self.environment | {"CAREHUB_SERVER_NAME": name}
        process = Server(name, command, environment, self.cluster.folder)
        self.installation.processes.append(process)
        return process

    def uvicorn(self) -> Server:
        """One uvicorn; websockets-sansio, no compression."""
        return self.server("uvicorn", [*UVICORN, APPLICATION])

    def gunicorn(self) -> Server:
        """Two workers of four threads, the HTTP half of a production installation."""
        return self.server("gunicorn", GUNICORN)

    def superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the driver's own, in autocommit."""
        return psycopg.connect(self.cluster.postgres.url(SUPERUSER, self.installation.database), autocommit=True)


class Ground:
    """The cluster, and a migrated database of which each figure gets a copy."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        cluster.create_database(TEMPLATE)
        cluster.migrate(TEMPLATE)
        with psycopg.connect(cluster.postgres.url(SUPERUSER, TEMPLATE), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    @contextmanager
    def house(self, teams: Teams) -> Iterator[House]:
        """A fresh installation with these teams, without processes yet."""
        with Installation.copied(self.cluster, TEMPLATE, f"bench_{next(_numbers)}") as installation:
            house = House(self.cluster, installation, teams)
            with house.superuser() as connection:
                seed(connection, teams)
            yield house

    @contextmanager
    def naive(self, teams: Teams, *, settings: str = "tests.bench.baselines.naive.settings") -> Iterator[Naive]:
        """The tutorial's chat, with as many people on as many teams, running on daphne."""
        name = f"naive_{next(_numbers)}"
        self.cluster.create_database(name)
        environment = self.cluster.environment(name, name) | {"DJANGO_SETTINGS_MODULE": settings}
        environment["DATABASE_URL"] = self.cluster.postgres.url(OWNER_ROLE, name)
        sizes = [str(number) for number in (teams.count, teams.size, teams.each)]
        self.cluster.run(["-m", "tests.bench.baselines.naive.seed", *sizes], environment)
        command = ["-m", "daphne", "-b", LOOPBACK, "-p", "{port}", NAIVE_APPLICATION]
        server = Server("naive", command, environment, self.cluster.folder)
        try:
            yield Naive(self.cluster, name, server)
        finally:
            server.kill()
            self.cluster.drop_database(name)

    @contextmanager
    def broadcast(self, channel: str) -> Iterator[Server]:
        """Bare `websockets.broadcast`."""
        environment = {"REDIS_URL": self.cluster.valkey.url}
        command = ["-m", "tests.bench.baselines.broadcast", "{port}", channel]
        server = Server("broadcast", command, environment, self.cluster.folder)
        try:
            yield server
        finally:
            server.kill()

    def postgres_pids(self) -> list[int]:
        """The postmaster; its children are counted with it."""
        return [pid] if (pid := self.cluster.postgres.pid) else []


class Naive:
    """The running baseline, its database and channel prefix."""

    def __init__(self, cluster: Cluster, database: str, server: Server) -> None:
        self.cluster, self.database, self.server = cluster, database, server

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's connection to its database."""
        return psycopg.connect(self.cluster.postgres.url(SUPERUSER, self.database), autocommit=True)


@contextmanager
def bench_ground() -> Iterator[Ground]:
    """Servers of one's own, stopped and removed afterwards. Enter it in the main thread."""
    os.environ.pop("DATABASE_URL", None)
    with Cluster("prove", SETTINGS) as cluster:
        yield Ground(cluster)
