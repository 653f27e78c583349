from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import Person


class Session(AbstractBaseSession):
    """A browser's log-in. `person` stands beside the data so that sockets can be closed when the session ends."""

    is_outlived = True

    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="sessions")

    class Meta(AbstractBaseSession.Meta):
        abstract = False


class Ticket(BaseModel):
    """Lets one socket in, once, within 30 seconds. Only its SHA-256 is stored.

    `token_digest` names the bearer token that it was bought with: the socket ends when that token does.
    """

    is_outlived = True

    digest = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    token_digest = models.CharField(max_length=128)
    created_at = models.DateTimeField(db_default=DatabaseNow())
