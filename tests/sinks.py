"""Providers of this test's own, and what signs for them."""

import base64
import hashlib
import hmac

from carehub.prove.sinks import HttpSink, Sent, SmtpSink

__all__ = ["HttpSink", "Sent", "SmtpSink", "is_signed"]


def is_signed(sent: Sent, secret: str) -> bool:
    """Whether a provider that follows docs/webhooks.md would take it."""
    content = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.{sent.text}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return any(hmac.compare_digest(f"v1,{expected}", each) for each in sent.headers["webhook-signature"].split())
