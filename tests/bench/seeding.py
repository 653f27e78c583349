"""Teams, sessions and tokens by SQL, in an empty migrated database; every id follows from a number.

`bench_id(kind, i)` is a uuid whose last twelve digits are `i` in decimal: pgbench can write such ids itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import psycopg

PERSON, RECORD, PATIENT, MEMBERSHIP, EVENT, THREAD = 1, 2, 3, 4, 5, 6
ORGANIZATION = "01990000-0000-7000-8000-000000000000"

_FUNCTION = """
CREATE OR REPLACE FUNCTION bench_id(kind int, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ('01990000-' || lpad(kind::text, 4, '0') || '-7000-8000-' || lpad(i::text, 12, '0'))::uuid $$
"""

# Each person is on `teams_each` teams: person p sits on teams p / size, and those after it.
_SEED = """
INSERT INTO directory_organization (id, name, is_active) VALUES ('{organization}', 'Bench', true);
INSERT INTO directory_person (id, name, email, password, is_active, time_zone)
SELECT bench_id(1, p), 'Person ' || p, 'p' || p || '@bench.example', '!', true, 'UTC'
  FROM generate_series(0, {people} - 1) AS p;
INSERT INTO directory_patient (id, name, birth_date, managing_organization_id)
SELECT bench_id(3, r), 'Patient ' || r, '1990-01-01', '{organization}' FROM generate_series(0, {teams} - 1) AS r;
INSERT INTO directory_carerecord (id, title, status, opened_at, care_manager_id, managing_organization_id, patient_id)
SELECT bench_id(2, r), 'Record ' || r, 'active', carehub_now() - interval '1 day',
       bench_id(1, (r * {size}) % {people}), '{organization}', bench_id(3, r)
  FROM generate_series(0, {teams} - 1) AS r;
INSERT INTO directory_membership (id, record_id, person_id, role, purpose, started_at)
SELECT bench_id(4, s * {people} + p), bench_id(2, (p / {size} + s) % {teams}), bench_id(1, p),
       CASE WHEN s = 0 AND p % {size} = 0 THEN 'coordinator' ELSE 'nurse' END, '', carehub_now() - interval '1 day'
  FROM generate_series(0, {people} - 1) AS p, generate_series(0, {teams_each} - 1) AS s;
INSERT INTO accounts_session (session_key, session_data, expire_date, person_id)
SELECT 'bench' || lpad(p::text, 27, '0'), '', carehub_now() + interval '1 day', bench_id(1, p)
  FROM generate_series(0, {people} - 1) AS p;
INSERT INTO events_inbox (person_id, head) SELECT bench_id(1, p), 0 FROM generate_series(0, {people} - 1) AS p;
INSERT INTO events_recordlog (record_id, head) SELECT bench_id(2, r), 0 FROM generate_series(0, {teams} - 1) AS r;
ANALYZE;
"""


@dataclass(frozen=True, slots=True)
class Teams:
    """So many teams of so many people; every person is on `each` of them."""

    count: int
    size: int
    each: int = 1

    @property
    def people(self) -> int:
        """How many people there are."""
        return self.count * self.size

    def members(self, team: int) -> list[int]:
        """The numbers of those whose first team this is."""
        return list(range(team * self.size, (team + 1) * self.size))


def seed(connection: psycopg.Connection[Any], teams: Teams) -> None:
    """Make the teams; the connection is a superuser's. Raises psycopg.Error when they are there already."""
    connection.execute(_FUNCTION)
    connection.execute(
        _SEED.format(
            organization=ORGANIZATION, people=teams.people, teams=teams.count, size=teams.size, teams_each=teams.each
        )
    )
    for person in range(0, teams.people, teams.size):
        token = token_of(person)
        connection.execute(
            "INSERT INTO knox_authtoken (digest, token_key, user_id, created, expiry)"
            " VALUES (%s, %s, bench_id(1, %s), now(), now() + interval '1 day')",
            [hashlib.sha512(token.encode()).hexdigest(), token[:15], person],
        )


def person_id(person: int) -> str:
    """The uuid of person number `person`."""
    return f"01990000-0001-7000-8000-{person:012d}"


def record_id(team: int) -> str:
    """The uuid of the record of team number `team`."""
    return f"01990000-0002-7000-8000-{team:012d}"


def cookie_of(person: int) -> str:
    """The Cookie header with which that person is logged in."""
    return f"carehub_session=bench{person:027d}"


def token_of(person: int) -> str:
    """The bearer token of a person; the first of each team has one."""
    return f"{person:015d}" + "b" * 49
