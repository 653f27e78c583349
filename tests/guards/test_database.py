"""The database as it is made: migrations complete and linear, rights of the serving role, history that stays."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from carehub.core.grants import SERVING_ROLE
from carehub.standalone.servers import OWNER_ROLE
from tests.servers import DATABASE, Servers

pytestmark = pytest.mark.quick

INSERT_ONLY = sorted(m._meta.db_table for m in apps.get_models() if getattr(m, "insert_only", False))
OUTLIVED = (
    "accounts_session",
    "accounts_ticket",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
    "core_idempotencykey",
    "delivery_heartbeat",
    "knox_authtoken",
)
"""Whose rows may be deleted: nothing of care."""

READ_ONLY = {
    "django_migrations": "the owner's account of what was applied",
    "core_installation": "the installation's purpose, epoch and clock",
}
"""Tables that the serving role may only read, each with what it is."""


@pytest.fixture
def owner(django_db_setup: None, servers: Servers) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the owning role, rolled back."""
    with psycopg.connect(servers.postgres.url(OWNER_ROLE, DATABASE)) as found:
        yield found
        found.rollback()


def rights(table: str, role: str = SERVING_ROLE) -> set[str]:
    """What a role may do with a table."""
    every = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p FROM unnest(%s::text[]) AS p WHERE has_table_privilege(%s, %s, p)", [list(every), role, table]
        )
        return {right for (right,) in cursor.fetchall()}


def tables() -> list[str]:
    """Every table of the installation."""
    return sorted(connection.introspection.table_names())


def branches(loader: MigrationLoader) -> list[str]:
    """Apps of ours whose migrations have more than one beginning or end."""
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("carehub.")}
    return sorted(
        app
        for app in ours & loader.migrated_apps
        if len(loader.graph.leaf_nodes(app)) != 1 or len(loader.graph.root_nodes(app)) != 1
    )


def test_migrations_say_what_the_models_say(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_migrations_are_linear() -> None:
    assert branches(MigrationLoader(None)) == []


def test_a_second_end_is_noticed() -> None:
    loader = MigrationLoader(None)
    first = loader.graph.root_nodes("plans")[0]
    loader.graph.add_node(("plans", "0002_other"), None)
    loader.graph.add_dependency(None, ("plans", "0002_other"), first)
    loader.graph.add_node(("plans", "0002_another"), None)
    loader.graph.add_dependency(None, ("plans", "0002_another"), first)

    assert branches(loader) == ["plans"]


def test_the_serving_role_may_do_what_serving_takes_and_no_more(db: None) -> None:
    expected = {table: {"SELECT", "INSERT", "UPDATE"} for table in tables()}
    expected |= {table: {"SELECT", "INSERT", "UPDATE", "DELETE"} for table in OUTLIVED}
    expected |= {table: {"SELECT"} for table in READ_ONLY}
    expected |= {table: {"SELECT", "INSERT"} for table in INSERT_ONLY}

    assert {table: rights(table) for table in tables()} == expected


def test_the_tests_are_served_by_the_role_that_serves(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (SERVING_ROLE, False, False)


@pytest.mark.parametrize("statement", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table}"])
@pytest.mark.parametrize("table", INSERT_ONLY)
def test_history_cannot_be_rewritten_by_the_serving_role(
    django_db_setup: None, servers: Servers, table: str, statement: str
) -> None:
    with (
        psycopg.connect(servers.postgres.url(SERVING_ROLE, DATABASE)) as serving,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        serving.execute(sql.SQL(statement).format(table=sql.Identifier(table)))


@pytest.mark.parametrize("table", INSERT_ONLY)
def test_a_trigger_protects_history_from_its_owner(owner: psycopg.Connection[Any], table: str) -> None:
    found = owner.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'", [table]
    ).fetchall()

    assert any("BEFORE" in d and "UPDATE" in d and "DELETE" in d and "ROW" in d for (d,) in found), found


@pytest.mark.parametrize("statement", ["UPDATE {table} SET id = id", "DELETE FROM {table}"])
@pytest.mark.parametrize("table", ["audit_entry", "events_event"])
def test_history_cannot_be_rewritten_by_its_owner(owner: psycopg.Connection[Any], table: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match=r"Cannot (update or delete|update|delete)"):
        owner.execute(sql.SQL(statement).format(table=sql.Identifier(table)))
