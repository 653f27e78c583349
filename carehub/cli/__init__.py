"""The command line: one module for each command, imported only when it is chosen.

A command's module has NAME, HELP, `add_arguments(parser)` and `run(arguments)`, which returns the exit code.
It imports Django's models inside `run`, after `prepare_django()`: `carehub up` and `--help` must work without
a database. Knows no care: a command calls actions and queries like any other door.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

import carehub

COMMANDS = ("up", "migrate", "demo", "make-data", "sweep", "tail", "verify-ledger", "prove", "docs", "manage")


class Command(Protocol):
    """What each command's module offers."""

    NAME: str
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code: 0 done, 1 failed, 2 wrongly used."""


def load(name: str) -> Command:
    """The module of a command."""
    return cast(Command, import_module(f"carehub.cli.{name.replace('-', '_')}"))


def prepare_django() -> None:
    """Load the settings and the apps. Raises SystemExit, naming what the environment lacks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.apps import apps
    from django.core.exceptions import ImproperlyConfigured

    # Once a process: setting up again would tie the log to whatever stderr is at that moment.
    if apps.ready:
        return
    try:
        django.setup()
    except ImproperlyConfigured as missing:
        remedy = "deploy/env.example lists every variable; `carehub up` needs none of them."
        raise SystemExit(f"carehub: this installation's settings are not complete: {missing}.\n{remedy}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments (None: the process's) name, and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # One command's options are all that is needed to run it; only the list of all needs all.
    chosen = [name for name in COMMANDS if given[:1] == [name]]
    parser = argparse.ArgumentParser(prog="carehub", description=(carehub.__doc__ or "").partition("\n")[0])
    parser.add_argument("--version", action="version", version=f"carehub {carehub.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in map(load, chosen or COMMANDS):
        options = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.add_arguments(options)
        options.set_defaults(run=command.run)
    parsed = parser.parse_args(given)
    try:
        return int(parsed.run(parsed))
    except KeyboardInterrupt:
        return 130
