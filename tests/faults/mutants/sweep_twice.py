"""`carehub sweep` without its locks, and slow; its unique key is dropped by who runs it. Run as a program."""

import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from carehub.cli import main

LOCK = re.compile(r"\s+FOR (NO KEY )?UPDATE(\s+OF [\w\", ]+?)?(\s+SKIP LOCKED)?(?=\s*(\)|;|$))")


def without_locks(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """The statement as it would be if nobody had thought of two sweepers."""
    return execute(LOCK.sub("", sql), params, many, context)


def forget_locks(connection: Any, **_: Any) -> None:
    """Every statement of a connection goes through `without_locks`; what is due is thought about for a while."""
    connection.execute_wrappers.append(without_locks)
    climbing: Any = import_module("carehub.delivery.climbing")
    due_rows = getattr(climbing, "prompt_due_rows", climbing.due_rows)

    def slowly(*arguments: Any, **options: Any) -> Any:
        rows = due_rows(*arguments, **options)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(2.5)")
        return rows

    climbing.prompt_due_rows, climbing.due_rows = due_rows, slowly


if __name__ == "__main__":
    from django.db.backends.signals import connection_created

    connection_created.connect(forget_locks)
    sys.exit(main(["sweep", *sys.argv[1:]]))
