"""The Celery application: work that may be late and is found again by a scan."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery
from celery.signals import worker_init

app = Celery("carehub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_unsafe_start(**_: object) -> None:
    """A worker, too, does not start with fail-points on a database that holds care."""
    from carehub.core import failpoints

    failpoints.refuse_unsafe_start()
