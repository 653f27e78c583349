"""pgbench of the very statements that a POST of a message sends, on the same rows.

PostgreSQL's own log says what they were: one POST is made with `log_statement` on, its statements are taken from the
log, the team's ids are replaced by another team's for each team, and the ids that the request made by a number that
pgbench counts up. What is left is what PostgreSQL alone could do with the same work.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from carehub.prove.cluster import CommandFailed
from carehub.standalone.servers import APP_ROLE
from carehub.standalone.wheels import postgres_wheel

from .ground import House
from .seeding import Teams, person_id, record_id, token_of
from .writing import carehub_targets, write

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BARE = re.compile(r"(?<![0-9a-f])([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})(?![0-9a-f])")
_LINE = re.compile(r"^\S+ \S+ \S+ \[(\d+)\] LOG:  (?:statement|execute [^:]*): (.*)$")
_FRESH = "01991111-{kind:04d}-7000-8000-:id"
PROBE = 77_000_000
"""The number of the request that is logged."""


def capture(house: House) -> list[str]:
    """The statements of one POST to team 0, in order, as PostgreSQL got them. The house has one daphne, still cold."""
    with house.superuser() as connection:
        connection.execute(f"ALTER ROLE {APP_ROLE} SET log_statement = 'all'")
    server = house.daphne()
    target = carehub_targets(house.teams)[:1]
    write(server.port, target, clients=1, count=PROBE - 1, first=PROBE - 3)
    log = house.cluster.postgres.log_path
    before = log.stat().st_size
    done = write(server.port, target, clients=1, count=PROBE + 1, first=PROBE)
    with house.superuser() as connection:
        connection.execute(f"ALTER ROLE {APP_ROLE} RESET log_statement")
    server.kill()
    if done.stored != 1:
        raise CommandFailed(f"the POST to be logged was not stored: {done.statuses}")
    return _statements(log, before)


def _statements(log: Path, start: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode().splitlines()
    found: list[tuple[str, str]] = []
    for line in lines:
        if match := _LINE.match(line):
            found.append((match[1], match[2]))
        elif line.startswith("\t") and found:
            pid, text = found[-1]
            found[-1] = (pid, f"{text}\n{line[1:]}")
    # The hub of this process reads on connections of its own; the request's is the one that wrote the message.
    writer = next(pid for pid, text in found if "messaging_message" in text)
    return [text for pid, text in found if pid == writer]


def scripts(statements: list[str], teams: Teams, folder: Path) -> list[Path]:
    """One pgbench script for each team."""
    text = ";\n".join(" ".join(statement.split("\n")) for statement in statements) + ";\n"
    # psycopg writes a uuid without its dashes.
    text = _BARE.sub(r"\1-\2-\3-\4-\5", text)
    fresh = {id for id in _UUID.findall(text) if not id.startswith("01990000-")}
    text = text.replace(f"bench-{PROBE:012d}", "bench-:id")
    if len(fresh) != 2:
        raise CommandFailed(f"a POST made {len(fresh)} ids, not one of an event and one of a message: {sorted(fresh)}")
    for kind, id in enumerate(sorted(fresh), start=1):
        text = text.replace(id, _FRESH.format(kind=kind))
    made = []
    for team in range(teams.count):
        own = text.replace(record_id(0), record_id(team)).replace(token_of(0)[:15], token_of(team * teams.size)[:15])
        own = own.replace(f"01990000-0003-7000-8000-{0:012d}", f"01990000-0003-7000-8000-{team:012d}")
        for place, person in enumerate(teams.members(0)):
            own = own.replace(person_id(person), person_id(team * teams.size + place))
        own = own.replace(f"01990000-0006-7000-8000-{0:012d}", f"01990000-0006-7000-8000-{team:012d}")
        path = folder / f"pgbench-{team}.sql"
        path.write_text("\\set k :k + 1\n\\set id 100000000000 + :client_id * 1000000000 + :k\n" + own)
        path.chmod(0o644)
        made.append(path)
    return made


def make_threads(house: House) -> None:
    """A thread for each team, under an id that follows from the team's number."""
    with house.superuser() as connection:
        connection.execute(
            "INSERT INTO messaging_thread (id, record_id, kind)"
            " SELECT bench_id(6, r), bench_id(2, r), 'team' FROM generate_series(0, %s - 1) AS r",
            [house.teams.count],
        )


def run(house: House, files: list[Path], *, clients: int, seconds: int, offset: int) -> float:
    """Transactions a second. `offset` keeps the ids of runs apart. Raises CommandFailed."""
    password = house.cluster.postgres.secrets.get(APP_ROLE)
    command = [str(postgres_wheel().folder / "bin" / "pgbench"), "-n", "-h", "127.0.0.1", "-M", "simple"]
    command += ["-p", str(house.cluster.postgres.port), "-U", APP_ROLE, "-c", str(clients), "-j", "1"]
    command += ["-T", str(seconds), "-D", f"k={offset}", *(part for file in files for part in ("-f", str(file)))]
    done = subprocess.run(
        [*command, house.installation.database],
        env=os.environ | {"PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        raise CommandFailed(f"pgbench failed:\n{done.stdout[-500:]}\n{done.stderr[-1500:]}")
    return float(found[1])
