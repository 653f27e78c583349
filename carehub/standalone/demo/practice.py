"""Make the demo practice: all of it or nothing."""

from collections.abc import Callable

from django.db import connection, transaction

from carehub.core.clock import now
from carehub.core.errors import Conflict
from carehub.core.models import Installation
from carehub.core.patience import patience
from carehub.directory.models import Person

from .cast import CAST, hire
from .chart import Practice
from .courses import COURSES
from .rota import keep

_PURPOSES = (Installation.Purpose.DEMO, Installation.Purpose.TESTS)


class NotDedicated(Conflict):
    """The database is not dedicated to a demo or to tests."""

    code = "not-dedicated-to-demo"

    def __init__(self, purpose: str) -> None:
        super().__init__(
            f"This database is for {purpose}, so no demo practice is made in it: everybody knows the demo's "
            "password. Use a new, empty database and run `carehub migrate --purpose demo` on it first."
        )


def create_practice(report: Callable[[str], None] = lambda name: None) -> bool:
    """Make the practice in one transaction; False, with nothing done, when it is there already.

    `report` is called with each patient's name as soon as that course is written. Raises NotDedicated unless
    the database is for a demo or for tests.
    """
    purpose = Installation.objects.values_list("purpose", flat=True).get()
    if purpose not in _PURPOSES:
        raise NotDedicated(purpose)
    with transaction.atomic():
        _wait_for_another_maker()
        if Person.objects.filter(email__in=[somebody.email for somebody in CAST.values()]).exists():
            return False
        people, organizations = hire()
        practice = Practice(people=people, organizations=organizations, today=now().date())
        for write in COURSES:
            report(write(practice).patient_name)
        keep(practice)
    return True


def _wait_for_another_maker() -> None:
    with connection.cursor() as cursor, patience(61):
        # The usual limits are for requests; another maker holds the lock for seconds.
        cursor.execute("SET LOCAL statement_timeout = '60s'")
        cursor.execute("SET LOCAL lock_timeout = '60s'")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('carehub demo practice', 0))")
