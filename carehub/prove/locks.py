"""In which order transactions take their locks, as they say: the record first, then inboxes, and one record only.

Pure functions over statements. The order of the inboxes among each other cannot be read from a statement; a trigger
tells it (see scenarios.lock_order).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

_LOCKS_RECORD = re.compile(r'FROM "?directory_carerecord"?\b.*\bFOR (NO KEY )?UPDATE', re.DOTALL | re.IGNORECASE)
_MAKES_RECORD = re.compile(r'^\s*INSERT INTO "?directory_carerecord"?\b', re.IGNORECASE)
_LOCKS_INBOX = re.compile(r'(INSERT INTO|UPDATE) "?events_inbox"?\b', re.IGNORECASE)
_CHANGES_TEAM = re.compile(r'^\s*(INSERT INTO|UPDATE) "?directory_membership"?\b', re.IGNORECASE)
_RECORD_ID = re.compile(r"'?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})'?", re.IGNORECASE)

_LOGGED = re.compile(r"\[(\d+)\] LOG:  (?:statement|execute [^:]*): (.*)", re.DOTALL)
_BEGINS = re.compile(r"^\s*BEGIN\b", re.IGNORECASE)
_ENDS = re.compile(r"^\s*(COMMIT|ROLLBACK)\b(?!\s+TO)", re.IGNORECASE)


def violations(statements: Sequence[str]) -> list[str]:
    """What is wrong with the order of the locks of one transaction, in words."""
    has_record = has_inbox = False
    records: set[str] = set()
    found = []
    for statement in statements:
        if _MAKES_RECORD.search(statement):
            has_record = True  # nobody else can see it
        elif _LOCKS_RECORD.search(statement):
            records.update(_RECORD_ID.findall(statement.partition("WHERE")[2])[:1])
            if has_inbox and not has_record:
                found.append("a record was locked after an inbox")
            has_record = True
        elif _LOCKS_INBOX.search(statement):
            if not has_record:
                found.append("an inbox was locked without its record")
            has_inbox = True
        elif _CHANGES_TEAM.search(statement) and not has_record:
            found.append("a team was changed without its record's lock")
    if len(records) > 1:
        found.append(f"{len(records)} records were locked in one transaction")
    return list(dict.fromkeys(found))


def transactions(log: Iterable[str]) -> Iterator[list[str]]:
    """The statements of each finished transaction in a PostgreSQL log that holds every statement, by process."""
    open_now: dict[str, list[str] | None] = defaultdict(lambda: None)
    for entry in _entries(log):
        logged = _LOGGED.search(entry)
        if logged is None:
            continue
        process, statement = logged.groups()
        said = open_now[process]
        if _BEGINS.search(statement):
            open_now[process] = []
        elif said is not None and _ENDS.search(statement):
            open_now[process] = None
            yield said
        elif said is not None:
            said.append(statement)


def _entries(log: Iterable[str]) -> Iterator[str]:
    """Lines put together: what goes on begins with a tab."""
    entry = ""
    for line in log:
        if line.startswith("\t"):
            entry += line
        else:
            if entry:
                yield entry
            entry = line
    if entry:
        yield entry
