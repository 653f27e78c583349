"""This worker's own PostgreSQL and Valkey, and private installations on copies of its database."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID

from carehub.prove import installation as private
from carehub.prove.cluster import Cluster
from carehub.prove.processes import Process, Web, status_of

__all__ = ["DATABASE", "ROOT", "SEEDED", "Installation", "Process", "Servers", "Web", "installation", "status_of"]

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "carehub_tests"
SEEDED = "carehub_seeded"


class Servers(Cluster):
    """Started once a worker, before Django's settings are read. Nothing of it must outlive a crash of the machine."""

    def __init__(self) -> None:
        super().__init__("tests", {"fsync": "off"})
        self.create_database(DATABASE)


class Installation(private.Installation):
    """Processes on one copy of the seeded database."""

    def record_id(self, title: str = "Depression") -> UUID:
        """Rosa's record, or the one with another title."""
        ((id,),) = self.rows("SELECT id FROM directory_carerecord WHERE title = %s", [title])
        found: UUID = id
        return found


def wait_until(condition: Callable[[], object], seconds: float = 10, log: Path | None = None) -> None:
    """Return as soon as the condition holds; fail with the log's tail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-3000:] if log else ""
            raise AssertionError(f"not within {seconds} s\n{tail}")
        time.sleep(0.05)


def installation(servers: Servers, name: str) -> AbstractContextManager[Installation]:
    """A private installation on a copy of the seeded database, without processes yet."""
    return Installation.copied(servers, SEEDED, name)
