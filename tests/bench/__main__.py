"""`python -m tests.bench [--quick] [--only figure,...] [--rounds N] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from pathlib import Path

from .figures import FIGURES
from .ground import bench_ground
from .machine import circumstances, load
from .plan import Found, Plan
from .rows import Check, Row, table

ONLY_IN_FULL = {"variants"}
"""What a quick run leaves out unless it is asked for."""


def main() -> int:
    """Measure: 0 every goal met and every check passed, 1 not so, 2 wrongly used."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="fewer and smaller rounds: under four minutes")
    size.add_argument("--tiny", action="store_true", help="only to see that everything runs; the figures mean nothing")
    parser.add_argument("--only", metavar="FIGURE,...", help=f"of: {', '.join(FIGURES)}")
    parser.add_argument("--rounds", type=int, help="interleaved rounds of each figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
    arguments = parser.parse_args()
    every = [name for name in FIGURES if name not in ONLY_IN_FULL or not arguments.quick]
    chosen = arguments.only.split(",") if arguments.only else every
    if unknown := set(chosen) - set(FIGURES):
        parser.error(f"no figure is called {', '.join(sorted(unknown))}; there are: {', '.join(FIGURES)}")
    return run(chosen, arguments)


def run(chosen: list[str], arguments: argparse.Namespace) -> int:
    """Measure these figures, print the table, write the file."""
    before = circumstances()
    found: Found = []
    loads: list[float] = []
    with bench_ground() as ground:
        for name in chosen:
            plan = Plan(ground, quick=arguments.quick, rounds=arguments.rounds, tiny=arguments.tiny, say=_say)
            began = time.monotonic()
            _say(f"{name} ... (load {load():.1f})")
            try:
                found += FIGURES[name](plan)
            except Exception as error:
                traceback.print_exc()
                found.append(Check(name, False, f"could not be measured: {type(error).__name__}: {error}"))
            loads += plan.loads
            _say(f"  {time.monotonic() - began:.0f} s")
    print()
    print(table(found))
    print(
        f"\n{before['cores']} cores, {before['cpu']}; Python {before['python']}; load before {before['load']:.1f}, ",
        end="",
    )
    print(f"at the rounds' beginnings {min(loads, default=0):.1f} to {max(loads, default=0):.1f}")
    print(", ".join(f"{name} {version}" for name, version in before["packages"].items()))
    if arguments.json:
        document = before | {
            "loads": loads,
            "rows": [each.as_json() for each in found if isinstance(each, Row)],
            "checks": [
                {"name": each.name, "passed": each.passed, "found": each.found}
                for each in found
                if isinstance(each, Check)
            ],
        }
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    is_well = all(each.met is not False if isinstance(each, Row) else each.passed for each in found)
    return 0 if is_well else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
