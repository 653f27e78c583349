"""Ways out of CareHub. The text is constant: whoever reads over a shoulder learns that somebody is needed, no more."""

from django.conf import settings
from django.core.mail import EmailMessage

from carehub.directory.models import Person

from .models import Dispatch

SUBJECT = "CareHub: something is waiting for you"
TEXT = "Something on one of your care teams waits for you.\n\nLog in to read it: {url}\n"


def send_mail(dispatch: Dispatch, person: Person) -> None:
    """Mail the constant notice. Raises OSError or smtplib.SMTPException when the server refuses it."""
    EmailMessage(
        SUBJECT,
        TEXT.format(url=settings.PUBLIC_URL),
        to=[person.email],
        headers={"Message-ID": f"<{dispatch.pk}@carehub>"},
    ).send()
