"""`carehub demo`: make the demo practice, or list who can log in to it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from carehub.cli import prepare_django

NAME = "demo"
HELP = "Make the demo practice: two organizations, their people, six patients. Does nothing if it is there."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--accounts", action="store_true", help="print who can log in, as JSON, and make nothing")


def run(arguments: argparse.Namespace) -> int:
    """Make the practice or print its accounts; 1 if the database is not for a demo."""
    prepare_django()
    from carehub.standalone.demo import NotDedicated, accounts, create_practice

    if arguments.accounts:
        print(json.dumps([asdict(account) for account in accounts()], indent=2, ensure_ascii=False))
        return 0
    try:
        is_new = create_practice(lambda patient: print(f"  {patient}", flush=True))
    except NotDedicated as refusal:
        print(refusal.detail, file=sys.stderr)
        return 1
    print("The demo practice is made." if is_new else "The demo practice is there already.")
    return 0
