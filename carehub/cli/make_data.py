"""`carehub make-data`: made-up records in bulk, to see how a large installation behaves."""

from __future__ import annotations

import argparse
import sys

from carehub.cli import prepare_django

NAME = "make-data"
HELP = "Fill an installation that is not for care with made-up records and a whole ledger, for measuring."
BAR = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--records", type=int, default=100, help="records to make (%(default)s)")
    parser.add_argument("--events", type=int, default=10_000, help="messages to spread over them (%(default)s)")
    parser.add_argument("--team-size", type=int, default=10, help="people on each team (%(default)s)")
    parser.add_argument("--teams", type=int, default=5, help="teams that each person is on (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices (%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Make it: 0 done, 1 refused, 2 wrongly used."""
    if wrong := _wrong(arguments):
        print(wrong, file=sys.stderr)
        return 2
    prepare_django()
    from carehub.core.errors import Conflict
    from carehub.standalone.population import Size, make_data

    size = Size(arguments.records, arguments.events, arguments.team_size, arguments.teams, arguments.seed)
    try:
        made = make_data(size, _show)
    except Conflict as refusal:
        print(refusal.detail, file=sys.stderr)
        return 1
    print(
        f"{made.rows:,} rows for {made.events:,} events, {arguments.records:,} records and {made.people:,} people in "
        f"{made.seconds:.1f} s: {made.rows / made.seconds:,.0f} rows/s."
    )
    print(f"They log in as p<number>.s{arguments.seed}@made-up.example with the demo's password.")
    return 0


def _wrong(arguments: argparse.Namespace) -> str | None:
    """What is wrong with the numbers, in a sentence."""
    for name, least, most in (
        ("records", 1, 10_000_000),
        ("events", 0, 100_000_000),
        ("team_size", 3, 1_000),
        ("teams", 1, 10_000),
    ):
        given = getattr(arguments, name)
        if not least <= given <= most:
            return f"--{name.replace('_', '-')} is {given}; it must be from {least} to {most:,}."
    return None


def _show(done: int, of: int) -> None:
    if not sys.stderr.isatty():
        return
    full = BAR * done // of
    print(f"\r  [{'#' * full}{'.' * (BAR - full)}] {done:,} of {of:,} events", end="", file=sys.stderr, flush=True)
    if done == of:
        print(file=sys.stderr)
