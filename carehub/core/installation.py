"""What this database is for. Said once, while it is new; `care` when nobody says anything."""

from django.contrib.auth import get_user_model

from .models import Installation


def dedicate(purpose: str) -> None:
    """Dedicate a database to demo, tests or `carehub prove`.

    Raises SystemExit when people's data are in it and it is dedicated to something else.
    """
    current = Installation.objects.get()
    if current.purpose == purpose:
        return
    if get_user_model()._default_manager.exists():
        raise SystemExit(f"This database is used for {current.purpose}; it cannot become one for {purpose}.")
    Installation.objects.update(purpose=purpose)
