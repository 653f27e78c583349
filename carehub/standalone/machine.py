"""CareHub on one machine: which servers, which environment, which processes, in which order."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import carehub
from carehub.standalone.foreground import Server
from carehub.standalone.processes import Program, Supervisor
from carehub.standalone.screen import Screen
from carehub.standalone.servers import APP_ROLE, OWNER_ROLE, create_roles_and_database
from carehub.standalone.state import StateFolder
from carehub.standalone.tether import tethered

CHECKOUT = Path(carehub.__file__).resolve().parents[1]
DATABASE = "carehub"
READY_SECONDS = 60.0
# Celery's for root is about brokers that others can write to; whitenoise's about a folder that only an image has.
KNOWN_WARNINGS = "ignore:You're running the worker with superuser privileges,ignore:No directory at"


class NotStarted(Exception):
    """CareHub could not be brought up; the text says at which step and what was answered."""


@dataclass(frozen=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as a browser takes it."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


class Machine:
    """One installation: `prepare` makes everything ready, `run` starts the processes and tends them.

    Leaving the `stack` given to `prepare` stops the private servers in reverse order.
    """

    def __init__(self, state: StateFolder, screen: Screen, address: Address, outer: Mapping[str, str]) -> None:
        self._state = state
        self._screen = screen
        self._address = address
        self._outer = outer
        self._owner_url = ""
        self._environment: dict[str, str] = {}
        self._servers: list[Server] = []

    def prepare(self, stack: ExitStack) -> None:
        """Start the private servers, migrate, and make the demo practice.

        Raises ServerError or FolderError from the servers, and NotStarted.
        """
        app_url = self._require_database(stack)
        redis_url = self._require_redis(stack)
        python_path = [str(CHECKOUT), *filter(None, [self._outer.get("PYTHONPATH")])]
        self._environment = {
            **{key: value for key, value in self._outer.items() if key != "DATABASE_OWNER_URL"},
            "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
            "CAREHUB_DEMO": "1",
            "CSRF_TRUSTED_ORIGINS": self._address.url,
            "DATABASE_URL": app_url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": ":".join(python_path),
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": redis_url,
            "SECRET_KEY": self._outer.get("SECRET_KEY") or self._state.secret_key,
        }
        with self._screen.step("Migrating the database", "The database is migrated"):
            self._carehub("migrate", "--purpose", "demo", DATABASE_OWNER_URL=self._owner_url)
        with self._screen.step("Making the demo practice", "The demo practice is there"):
            self._carehub("demo")

    def run(self) -> None:
        """Run the processes until a signal asks to stop.

        Raises NotStarted if they do not become ready, KeyboardInterrupt if stopped before they were.
        """
        with Supervisor(self._screen, self._servers) as supervisor:
            with self._screen.step("Starting web, worker and sweeper", "Web, worker and sweeper are ready"):
                for program in self._programs():
                    supervisor.start(program)
                ready = supervisor.tend(until=self._is_ready, seconds=READY_SECONDS)
                if supervisor.is_stopping:
                    raise KeyboardInterrupt
                if not ready:
                    raise NotStarted(
                        f"{self._address.url}/readyz did not answer 200 within {READY_SECONDS:.0f} s: "
                        "the lines above say why."
                    )
            self._welcome()
            supervisor.tend()
            self._screen.say("\nStopping ...")

    def _require_database(self, stack: ExitStack) -> str:
        if url := self._outer.get("DATABASE_URL"):
            self._owner_url = self._outer["DATABASE_OWNER_URL"]
            self._screen.say(f"  - PostgreSQL of DATABASE_URL: {_without_password(url)}")
            return url
        server = self._state.postgres()
        with self._screen.step("Starting PostgreSQL", "PostgreSQL runs"):
            stack.enter_context(server)
            create_roles_and_database(server, DATABASE)
        self._servers.append(server)
        self._owner_url = server.url(OWNER_ROLE, DATABASE)
        return server.url(APP_ROLE, DATABASE)

    def _require_redis(self, stack: ExitStack) -> str:
        if url := self._outer.get("REDIS_URL"):
            self._screen.say(f"  - Redis of REDIS_URL: {_without_password(url)}")
            return url
        server = self._state.valkey()
        with self._screen.step("Starting Valkey", "Valkey runs"):
            stack.enter_context(server)
        self._servers.append(server)
        return server.url

    def _programs(self) -> list[Program]:
        python = sys.executable
        host, port = self._address.host, str(self._address.port)
        celery = [
            "-m",
            "celery",
            "--quiet",
            "-A",
            "config.celery",
            "worker",
            "--pool",
            "threads",
            "--concurrency",
            "10",
        ]
        commands: dict[str, Sequence[str]] = {
            # Its five seconds for a socket's handshake are too few when all clients come back at once.
            "web": [
                *("-m", "daphne", "-b", host, "-p", port, "--websocket_connect_timeout", "20"),
                "config.asgi:application",
            ],
            "worker": [*celery, "--loglevel", "info", "--without-gossip", "--without-mingle"],
            "sweeper": ["-m", "carehub", "sweep"],
        }
        return [
            Program(
                name,
                [python, *arguments],
                {"PYTHONWARNINGS": KNOWN_WARNINGS, **self._environment, "CAREHUB_SERVER_NAME": name},
                CHECKOUT,
            )
            for name, arguments in commands.items()
        ]

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _welcome(self) -> None:
        accounts: list[dict[str, str]] = json.loads(self._carehub("demo", "--accounts"))
        columns = {"email": "Log in as", "role": "Role", "where": "Where"}
        self._screen.say(f"\nCareHub runs at {self._screen.paint(self._address.url, 'bold')}\n")
        self._screen.table(list(columns.values()), [[account[key] for key in columns] for account in accounts])
        passwords = " or ".join(sorted({account["password"] for account in accounts}))
        self._screen.say(f"\nThe password is {self._screen.paint(passwords, 'bold')} for everybody.")
        self._screen.say("Ctrl-C stops everything; the data are kept.\n")

    def _carehub(self, *arguments: str, **extra: str) -> str:
        """The output of one of our own commands; raises NotStarted with its words if it fails."""
        command = tethered([sys.executable, "-m", "carehub", *arguments], signal.SIGKILL)
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**self._environment, **extra},
            cwd=CHECKOUT,
            start_new_session=True,
            check=False,
        )
        if run.returncode != 0:
            words = (run.stdout + run.stderr).strip()
            raise NotStarted(f"`carehub {' '.join(arguments)}` failed (exit code {run.returncode}):\n{words}")
        return run.stdout


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}{parts.path}" if parts.port else f"{parts.hostname}{parts.path}"
