"""What this database is for. Said once, while it is new; `care` when nobody says anything."""

from django.contrib.auth import get_user_model
from django.db import connection

from .models import Installation


def refuse_other_purpose(purpose: str) -> None:
    """Raises SystemExit when people's data are in this database and it is dedicated to something else."""
    tables = connection.introspection.table_names()
    if Installation._meta.db_table not in tables or get_user_model()._meta.db_table not in tables:
        return
    current = Installation.objects.get().purpose
    if current != purpose and get_user_model()._default_manager.exists():
        raise SystemExit(f"This database is used for {current}; it cannot become one for {purpose}.")


def dedicate(purpose: str) -> None:
    """Dedicate a database to demo, tests or `carehub prove`. Raises as `refuse_other_purpose`."""
    refuse_other_purpose(purpose)
    Installation.objects.update(purpose=purpose)
