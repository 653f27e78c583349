"""`carehub docs`: write the generated pages of docs/, or check that they are fresh. Needs a checkout, no database."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import carehub
from carehub.cli import prepare_django

NAME = "docs"
HELP = "Write docs/permissions.md, events.md, clinical-rules.md, openapi.json and asyncapi.yaml from the code."

FOLDER = Path(carehub.__file__).resolve().parent.parent / "docs"

# The settings ask for an installation; nothing here connects to one.
_NOBODY = {"DATABASE_URL": "postgres://none", "REDIS_URL": "redis://none", "SECRET_KEY": "unused"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what is stale")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages are (default: docs/)")


def run(arguments: argparse.Namespace) -> int:
    """Write, or check; 1 if something is stale or cannot be described, 2 outside a checkout."""
    folder: Path = arguments.folder
    if not folder.is_dir():
        print(f"There is no folder {folder}: run this in a checkout, or name it with --folder.", file=sys.stderr)
        return 2
    for name, value in _NOBODY.items():
        os.environ.setdefault(name, value)
    prepare_django()
    from django.core.management import CommandError

    from carehub.cli.documents import DOCUMENTS

    try:
        texts = {folder / name: make() for name, make in DOCUMENTS.items()}
    except CommandError as error:
        print(f"A document cannot be made: {error} What is wrong stands above.", file=sys.stderr)
        return 1
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if arguments.check:
        for path in stale:
            print(f"{path.name} is stale; run `carehub docs` and commit what it writes.", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(texts[path], encoding="utf-8")
        print(f"wrote {path.name}")
    return 0
