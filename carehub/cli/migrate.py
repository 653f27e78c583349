"""`carehub migrate`: bring the database's tables up to date, as the role that owns them."""

from __future__ import annotations

import argparse
import os
import sys

from carehub.cli import prepare_django

NAME = "migrate"
HELP = "Bring the database's tables up to date, as their owner (DATABASE_OWNER_URL)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--plan", action="store_true", help="only show what would be done")
    parser.add_argument(
        "--purpose",
        choices=("care", "demo", "tests", "prove"),
        help="what a new database is for; only tests and prove may move its clock (default: care)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run Django's migrations; 2 if DATABASE_OWNER_URL is missing."""
    owner_url = os.environ.get("DATABASE_OWNER_URL")
    if not owner_url:
        print(
            "DATABASE_OWNER_URL is not set: migrations change tables, which the serving role of DATABASE_URL "
            "may not. Set it to the role that owns the database.",
            file=sys.stderr,
        )
        return 2
    os.environ["DATABASE_URL"] = owner_url
    prepare_django()
    from django.core.management import call_command
    from django.db import connection

    # Serving has a limit of seconds; a migration of a large table takes what it takes. Locks stay limited.
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
    from carehub.core.grants import grant_serving_role
    from carehub.core.installation import dedicate, refuse_other_purpose
    from carehub.core.patience import patience

    if arguments.purpose:
        refuse_other_purpose(arguments.purpose)
    with patience():
        call_command("migrate", interactive=False, plan=arguments.plan)
    if not arguments.plan:
        grant_serving_role()
        if arguments.purpose:
            dedicate(arguments.purpose)
    return 0
