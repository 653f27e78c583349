"""The Celery application: work that may be late and is found again by a scan."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery, bootsteps

app = Celery("carehub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class RefuseUnsafeStart(bootsteps.Step):
    """A worker, too, does not start with fail-points on a database that holds care."""

    def __init__(self, parent: Any, **options: Any) -> None:
        from carehub.core.failpoints import refuse_unsafe_start

        refuse_unsafe_start()
        super().__init__(parent, **options)


app.steps["worker"].add(RefuseUnsafeStart)
