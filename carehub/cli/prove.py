"""`carehub prove`: break a private installation on purpose, and show that nothing is lost."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

NAME = "prove"
HELP = "Kill, stop and cut off the parts of a private installation, made for it, and check that nothing is lost."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="minutes (the default)")
    size.add_argument("--full", dest="size", action="store_const", const="full", help="larger counts, for a night")
    parser.add_argument("--only", metavar="F01,F13", help="these faults alone")
    parser.add_argument("--seed", type=int, help="make the same choices as the run that printed it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.set_defaults(size="quick")


def run(arguments: argparse.Namespace) -> int:
    """Play the scenarios: 0 all held, 1 something did not, 2 they could not be played."""
    from carehub.prove.cluster import CommandFailed
    from carehub.prove.lanes import play_all
    from carehub.prove.report import as_json, table
    from carehub.prove.scenarios import choose
    from carehub.standalone.folders import FolderError
    from carehub.standalone.foreground import ServerError

    try:
        chosen = choose(arguments.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    seed = arguments.seed if arguments.seed is not None else time.time_ns() % 1_000_000
    print(f"Seed {seed}; --seed {seed} makes the same choices again.", flush=True)
    try:
        results = play_all(chosen, seed=seed, size=arguments.size)
        if arguments.json:
            arguments.json.write_text(as_json(results, seed=seed, size=arguments.size), encoding="utf-8")
    except (ServerError, FolderError, CommandFailed, OSError) as error:
        print(f"The faults could not be played: {error}", file=sys.stderr)
        return 2
    print(table(results))
    return 0 if all(result.passed for result in results) else 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
