"""What the serving role may do: everything but rewrite history.

Run by `carehub migrate` as the owner after each migration; idempotent.
"""

from django.apps import apps
from django.db import connection
from psycopg import sql

SERVING_ROLE = "carehub_app"
_KEEPS_NO_CARE = ("knox", "axes")


def grant_serving_role() -> list[str]:
    """Grant the serving role its rights; returns the tables that it can only insert into and read."""
    insert_only = sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "insert_only", False))
    outlived = sorted(
        model._meta.db_table
        for model in apps.get_models()
        if getattr(model, "is_outlived", False) or model._meta.app_label in _KEEPS_NO_CARE
    )
    role = sql.Identifier(SERVING_ROLE)
    with connection.cursor() as cursor:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {role}",
            "REVOKE DELETE ON ALL TABLES IN SCHEMA public FROM {role}",
            "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations, core_installation FROM {role}",
        ):
            cursor.execute(sql.SQL(statement).format(role=role))
        for table in outlived:
            cursor.execute(sql.SQL("GRANT DELETE ON {table} TO {role}").format(table=sql.Identifier(table), role=role))
        for table in insert_only:
            cursor.execute(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}").format(
                    table=sql.Identifier(table), role=role
                )
            )
    return insert_only
