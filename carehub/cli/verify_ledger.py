"""`carehub verify-ledger`: is the ledger whole? Reads only, as the serving role."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from carehub.cli import prepare_django

if TYPE_CHECKING:
    from carehub.delivery.verify import Finding

NAME = "verify-ledger"
HELP = "Look at the whole ledger for rows that break its invariants; exit 0 when there are none, 1 when there are."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")


def run(arguments: argparse.Namespace) -> int:
    """Look at each invariant in turn: 0 the ledger is whole, 1 something is broken, 2 it could not be looked at."""
    prepare_django()
    from django.db import DatabaseError

    from carehub.delivery import verify

    findings = []
    try:
        for finding in verify.look():
            findings.append(finding)
            if not arguments.json:
                print(_in_words(finding), flush=True)
    except DatabaseError as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        print(f"The ledger could not be looked at: {reason}", file=sys.stderr)
        return 2
    broken = [finding for finding in findings if finding.broken]
    if arguments.json:
        json.dump({"whole": not broken, "invariants": [_as_json(f) for f in findings]}, sys.stdout, indent=2)
        print()
    else:
        print(f"\n{len(broken)} of {len(findings)} broken." if broken else "\nThe ledger is whole.")
    return 1 if broken else 0


def _in_words(finding: Finding) -> str:
    name, sentence = finding.invariant.name, finding.invariant.sentence
    if finding.first is None:
        return f"✓ {name:<26}{finding.looked:>11,}  {sentence}"
    return f"✗ {name:<26}{finding.looked:>11,}  {sentence}\n  {finding.broken:,} broken; first: {finding.first}"


def _as_json(finding: Finding) -> dict[str, object]:
    first = finding.first
    return {
        "name": finding.invariant.name,
        "sentence": finding.invariant.sentence,
        "looked": finding.looked,
        "broken": finding.broken,
        "first": {"table": first.table, "ids": first.ids, "fault": first.fault} if first else None,
    }
