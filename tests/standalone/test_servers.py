"""Private servers: they start, stop, keep their data, die with their parent and get over earlier ones."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from carehub.standalone.foreground import Server, ServerError, await_condition
from carehub.standalone.servers import (
    APP_ROLE,
    OWNER_ROLE,
    PostgresServer,
    ValkeyServer,
    create_roles_and_database,
    free_port,
)
from tests.standalone.processes import StartPython, is_gone, kill_and_await

pytestmark = pytest.mark.slow

FAST = {"fsync": "off"}

START_AND_WAIT = """
import sys, time
from pathlib import Path
from carehub.standalone.servers import PostgresServer, ValkeyServer
server = {kind}(Path({folder!r}), {port})
server.start()
print(server.pid)
time.sleep(600)
"""


@pytest.fixture(params=[PostgresServer, ValkeyServer])
def server(request: pytest.FixtureRequest, folder: Path) -> Server:
    made: Server = request.param(folder / "server", free_port())
    return made


def test_answers_after_start_and_is_gone_after_stop(server: Server) -> None:
    with server:
        pid = server.pid
        assert pid is not None

    assert server.pid is None
    assert is_gone(pid)


def test_does_not_run_as_root(server: Server) -> None:
    with server:
        assert server.data.stat().st_uid != 0
        assert os.stat(f"/proc/{server.pid}").st_uid != 0


def test_listens_on_tcp_only_with_a_password(folder: Path) -> None:
    with PostgresServer(folder / "postgres", free_port(), FAST) as postgres:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(postgres.superuser_url.replace(postgres.secrets.get("carehub_root"), "guess"))
        with postgres.connect() as connection:
            sockets = connection.execute("show unix_socket_directories").fetchone()
    assert sockets == ("",)

    with (
        ValkeyServer(folder / "valkey", free_port()) as valkey,
        redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_keeps_secrets_and_logs_to_their_owner(server: Server) -> None:
    with server:
        for path in (server.secrets.path, server.log_path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.stat().st_uid == os.geteuid()


def test_keeps_data_from_one_start_to_the_next(folder: Path) -> None:
    postgres = PostgresServer(folder / "postgres", free_port(), FAST)
    with postgres, postgres.connect() as connection:
        connection.execute("create table kept (number int)")

    with postgres, postgres.connect() as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_passes_settings_on(folder: Path) -> None:
    postgres = PostgresServer(folder / "postgres", free_port(), {**FAST, "max_connections": "37"})
    with postgres, postgres.connect() as connection:
        assert connection.execute("show max_connections").fetchone() == ("37",)


def test_makes_roles_that_are_neither_superuser_nor_able_to_alter_what_they_do_not_own(folder: Path) -> None:
    with PostgresServer(folder / "postgres", free_port(), FAST) as postgres:
        create_roles_and_database(postgres, "carehub")
        create_roles_and_database(postgres, "carehub")

        with psycopg.connect(postgres.url(OWNER_ROLE, "carehub")) as owner:
            owner.execute("create table belonging (number int)")
        with (
            psycopg.connect(postgres.url(APP_ROLE, "carehub")) as app,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            app.execute("create table intruding (number int)")
        with postgres.connect() as connection:
            superusers = connection.execute("select rolname from pg_roles where rolsuper").fetchall()
        assert superusers == [("carehub_root",)]


def test_adopts_a_live_server_of_its_folder_with_its_port(server: Server) -> None:
    with server:
        later = type(server)(server.folder, free_port())
        later.start()

        assert later.pid == server.pid
        assert later.port == server.port

        later.stop()
        assert not server.is_running


def test_dies_with_the_process_that_started_it(server: Server, start_python: StartPython) -> None:
    program = START_AND_WAIT.format(kind=type(server).__name__, folder=str(server.folder), port=server.port)
    starter = start_python("-c", program)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())

    kill_and_await(starter)

    assert is_gone(pid)
    with server:
        assert server.is_running


def test_starts_at_once_after_its_starter_was_killed(folder: Path, start_python: StartPython) -> None:
    server = PostgresServer(folder / "postgres", free_port(), FAST)
    program = START_AND_WAIT.format(kind="PostgresServer", folder=str(server.folder), port=server.port)
    starter = start_python("-c", program)
    assert starter.stdout is not None
    starter.stdout.readline()

    kill_and_await(starter)

    with server, server.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_recovers_when_it_was_killed_itself(folder: Path) -> None:
    server = PostgresServer(folder / "postgres", free_port(), FAST)
    with server:
        with server.connect() as connection:
            connection.execute("create table kept as select 1")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert await_condition(lambda: not server.is_running, 10)

        server.start()

        with server.connect() as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (1,)


def test_removes_a_lock_whose_process_id_belongs_to_another_program(folder: Path) -> None:
    server = PostgresServer(folder / "postgres", free_port(), FAST)
    with server:
        lock = (server.data / "postmaster.pid").read_text()
    stale = server.data / "postmaster.pid"
    stale.write_text(lock.replace(lock.splitlines()[0], str(os.getpid()), 1))

    with server:
        assert server.is_running
    assert not stale.exists()


def test_begins_again_when_an_earlier_initialization_was_cut_short(folder: Path) -> None:
    server = PostgresServer(folder / "postgres", free_port(), FAST)
    unfinished = server.folder / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("17")
    server.folder.chmod(0o711)

    with server:
        assert server.is_running
    assert not unfinished.exists()


def test_says_what_its_log_says_when_it_cannot_start(folder: Path) -> None:
    with ValkeyServer(folder / "valkey", free_port()) as taken:
        server = PostgresServer(folder / "postgres", taken.port, FAST)

        with pytest.raises(ServerError, match="ended at once") as refusal:
            server.start()

    assert "Address already in use" in str(refusal.value)
    assert not server.is_running


def test_refuses_data_of_another_major_version(folder: Path) -> None:
    server = PostgresServer(folder / "postgres", free_port(), FAST)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("16\n")
    server.folder.chmod(0o711)

    with pytest.raises(ServerError, match="made by PostgreSQL 16"):
        server.start()
