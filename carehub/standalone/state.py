"""What an installation on one machine keeps between runs: lock, ports, secrets and its servers' data."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from carehub.standalone import folders
from carehub.standalone.servers import LOOPBACK, PostgresServer, ValkeyServer, free_port

KEPT_NAMES = ("postgres", "valkey", "ports.json", "secrets.json")


class StateInUse(Exception):
    """Another process runs on this state; the text says which and how to stop it."""


def default_folder(environment: Mapping[str, str], checkout: Path) -> Path:
    """$CAREHUB_HOME, else a folder of this user for this checkout: two clones do not share their data."""
    if chosen := environment.get("CAREHUB_HOME"):
        return Path(chosen).absolute()
    key = f"{checkout.name}-{hashlib.sha256(bytes(checkout)).hexdigest()[:8]}"
    if os.geteuid() == 0:
        # Root's home is closed to the account that the servers run as.
        return Path("/var/tmp") / f"carehub-root-{key}"  # noqa: S108
    shared = environment.get("XDG_DATA_HOME")
    data_home = Path(shared) if shared else Path.home() / ".local" / "share"
    return data_home / "carehub" / key


def can_listen(host: str, port: int) -> OSError | None:
    """None if a server could listen there now, else what the system answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: what is left of closed connections does not hinder them.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


class StateFolder:
    """The state of one installation. Raises FolderError if the folder belongs to somebody else."""

    def __init__(self, path: Path) -> None:
        folders.make_folder(path)
        # In a folder like /var/tmp anybody could have made it first.
        if path.is_symlink() or path.stat().st_uid != os.geteuid():
            raise folders.FolderError(
                f"The data folder {path} belongs to another user: set CAREHUB_HOME to a folder of your own."
            )
        self.path = path
        self._ports_path = path / "ports.json"
        self._secrets = folders.SecretFile(path / "secrets.json")

    @property
    def secret_key(self) -> str:
        """Django's SECRET_KEY, random and kept."""
        return self._secrets.get("secret_key")

    @contextmanager
    def locked(self, url: str) -> Iterator[None]:
        """Hold this state for one process that serves `url`. A dead owner's lock is simply taken over.

        Raises StateInUse.
        """
        with open(self.path / "up.lock", "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
                raise StateInUse(self._describe_owner()) from None
            file.truncate(0)
            json.dump({"pid": os.getpid(), "url": url}, file)
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def postgres(self) -> PostgresServer:
        """The private PostgreSQL of this state, not yet started."""
        return PostgresServer(self.path / "postgres", self._free_port("postgres"))

    def valkey(self) -> ValkeyServer:
        """The private Valkey of this state, not yet started."""
        return ValkeyServer(self.path / "valkey", self._free_port("valkey"))

    def reset(self) -> None:
        """Delete data, ports and secrets, having stopped servers that still run on them."""
        for server in (self.postgres(), self.valkey()):
            if server.adopt():
                server.stop()
        for name in KEPT_NAMES:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _free_port(self, name: str) -> int:
        known: dict[str, int] = {}
        if self._ports_path.exists():
            known = json.loads(self._ports_path.read_text(encoding="utf-8"))
        if name not in known or can_listen(LOOPBACK, known[name]):
            known[name] = free_port()
            folders.write_private(self._ports_path, json.dumps(known))
        return known[name]

    def _describe_owner(self) -> str:
        try:
            owner = json.loads((self.path / "up.lock").read_text(encoding="utf-8"))
            who, stop = f"process {owner['pid']}, {owner['url']}", f"`kill {owner['pid']}`"
        except ValueError:
            who, stop = "another process", "end that process"
        return (
            f"CareHub already runs on the data in {self.path} ({who}): use that one, stop it with Ctrl-C in "
            f"its window or {stop}, or set CAREHUB_HOME to another folder to run a second one beside it."
        )
