"""`carehub sweep` without its locks; its unique key is dropped by who runs it. Run as a program."""

import re
import sys
from collections.abc import Callable
from typing import Any

from carehub.cli import main

LOCK = re.compile(r"\s+FOR (NO KEY )?UPDATE(\s+OF [\w\", ]+?)?(\s+SKIP LOCKED)?(?=\s*(\)|;|$))")


def without_locks(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """The statement as it would be if nobody had thought of two sweepers."""
    return execute(LOCK.sub("", sql), params, many, context)


def forget_locks(connection: Any, **_: Any) -> None:
    """Every statement of a connection goes through `without_locks`."""
    connection.execute_wrappers.append(without_locks)


if __name__ == "__main__":
    from django.db.backends.signals import connection_created

    connection_created.connect(forget_locks)
    sys.exit(main(["sweep", *sys.argv[1:]]))
