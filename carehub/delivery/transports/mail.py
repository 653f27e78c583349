"""Electronic mail, through the server that EMAIL_URL names."""

import smtplib
import time

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from carehub.delivery.models import Dispatch

from .cutoff import cut_off
from .interface import MINUTES_1_2_4_8, SEND_SECONDS, SUBJECT, TEXT, Notice, Policy, Refused, TryAgain


class Mail:
    policy = Policy(retries=MINUTES_1_2_4_8, lanes=3, seats=3)

    def address(self, dispatch: Dispatch) -> str | None:
        """The person's e-mail address."""
        return dispatch.person.email or None

    def send(self, notice: Notice, address: str) -> None:
        """Mail the constant text; the key is its Message-ID. Raises TryAgain or Refused."""
        backend = get_connection()
        message = EmailMessage(
            SUBJECT,
            f"{TEXT}\n\nLog in to read it: {settings.PUBLIC_URL}\n",
            to=[address],
            headers={"Message-ID": f"<{notice.key}@carehub>"},
            connection=backend,
        )
        began = time.monotonic()
        with cut_off(SEND_SECONDS, lambda: getattr(getattr(backend, "connection", None), "sock", None)):
            try:
                message.message()  # what is no address shows here, before anybody is asked
                backend.open()
                if time.monotonic() - began > SEND_SECONDS:
                    raise TryAgain("the mail server was too slow")
                message.send()
            except smtplib.SMTPRecipientsRefused as refusal:
                _refused([code for code, _ in refusal.recipients.values()])
            except smtplib.SMTPDataError as refusal:
                _refused([refusal.smtp_code])
            except (OSError, smtplib.SMTPException) as error:
                raise TryAgain(type(error).__name__) from None
            except ValueError:  # after OSError: what is wrong with a certificate is both
                raise Refused("no mail address") from None
            finally:
                _hang_up(backend)


def _refused(codes: list[int]) -> None:
    """5xx is about this address or message and stays so; anything else passes. Raises TryAgain or Refused."""
    code = max(codes, default=0)
    if all(500 <= each < 600 for each in codes) and codes:
        raise Refused(f"refused {code}") from None
    raise TryAgain(f"deferred {code}", is_of_channel=False) from None


def _hang_up(backend: object) -> None:
    """What the server says to a farewell changes nothing: the message was taken or it was not."""
    try:
        backend.close()  # type: ignore[attr-defined]
    except (OSError, smtplib.SMTPException):
        return
