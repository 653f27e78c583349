"""`carehub manage ...`: Django's own commands, for engineers (makemigrations, shell, check)."""

from __future__ import annotations

import argparse
import os
import sys

NAME = "manage"
HELP = "Run one of Django's own commands, for example `carehub manage makemigrations`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the command and its options")


def run(arguments: argparse.Namespace) -> int:
    """Hand over to Django; it exits by itself on wrong use."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line([f"{sys.argv[0]} manage", *arguments.arguments])
    return 0
