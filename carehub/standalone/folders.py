"""Folders and secrets of private servers: who owns them, and who can reach them.

PostgreSQL refuses to run as root. Started by root, the servers run as an unprivileged account, which must be
able to reach its data and its program: neither lies below a closed home folder.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from carehub.standalone.tether import SystemUser

UNPRIVILEGED_ACCOUNTS = ("nobody", "daemon")


class FolderError(Exception):
    """A folder cannot serve; the text says which, why and what to do."""


def server_user() -> SystemUser | None:
    """The account for servers when this process is root, else None: they run as whoever runs this.

    Raises FolderError if root finds no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(name, entry.pw_uid, entry.pw_gid)
    raise FolderError(
        f"PostgreSQL does not run as root, and no account {' or '.join(UNPRIVILEGED_ACCOUNTS)} exists here: "
        "run this as an ordinary user, or set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL to your servers."
    )


def make_folder(path: Path) -> None:
    """Make a folder, and those missing above it; root's can be walked through by others, not listed."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                folder.chmod(0o711)


def own_folder(path: Path, user: SystemUser | None) -> None:
    """Make a folder that only `user` (None: whoever runs this) can open."""
    path.mkdir(mode=0o700, exist_ok=True)
    if user:
        os.chown(path, user.uid, user.gid)


def closed_to(path: Path, user: SystemUser | None) -> Path | None:
    """The first folder on the way to `path`, itself included, that `user` cannot enter; None if he can."""
    if user is None:
        return None
    whole = path.resolve()
    for folder in reversed([whole, *whole.parents]):
        status = folder.stat()
        if not stat.S_ISDIR(status.st_mode):
            continue
        if status.st_uid == user.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return None


def require_reachable(path: Path, user: SystemUser | None) -> None:
    """Raise FolderError, naming the closed folder and the remedy, if `user` cannot reach `path`."""
    closed = closed_to(path, user)
    if closed and user:
        raise FolderError(
            f"The data folder {path} cannot be used: {closed} is closed to the account '{user.name}', which "
            "the servers run as. Set CAREHUB_HOME to a folder that it can reach, such as /var/tmp/carehub."
        )


def reachable_program(source: Path, parts: Sequence[str], copy: Path, user: SystemUser | None) -> Path:
    """A folder with the program's `parts` that `user` reaches: `source`, else a copy made once at `copy`."""
    if closed_to(source, user) is None:
        return source
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=copy.name, dir=copy.parent))
        for part in parts:
            (unfinished / part).parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, unfinished / part, symlinks=True)
            else:
                shutil.copy2(source / part, unfinished / part)
        # Installed under a strict umask, its files were closed as well.
        for path in [unfinished, *unfinished.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        unfinished.rename(copy)
    return copy


def write_private(path: Path, text: str, user: SystemUser | None = None) -> None:
    """Replace a file in one step with `text`, readable by `user` (None: whoever runs this) alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if user:
        os.chown(name, user.uid, user.gid)
    os.replace(name, path)


class SecretFile:
    """Random secrets by name, made when first asked for and kept in one file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, name: str) -> str:
        """The secret of this name: 43 characters that need no quoting in a URL."""
        known: dict[str, str] = {}
        if self.path.exists():
            known = json.loads(self.path.read_text(encoding="utf-8"))
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            write_private(self.path, json.dumps(known, indent=1))
        return known[name]


@contextmanager
def temporary_folder(prefix: str = "carehub-") -> Iterator[Path]:
    """A short-lived folder that the servers' account can reach (pytest's tmp_path cannot be, as root)."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
