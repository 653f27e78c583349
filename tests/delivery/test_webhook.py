"""A webhook is a connection to the address that was checked, with a certificate for the name that was given."""

import os
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carehub.core.clock import now
from carehub.delivery.transports import Notice, Refused, TryAgain, webhook
from carehub.delivery.transports.webhook import Destination, Webhook, new_secret
from tests.sinks import HttpSink, is_signed

pytestmark = pytest.mark.quick

SECRET = new_secret()


def certify(name: str, folder: Path) -> Path:
    """A fresh key and the certificate for this name that it signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "sink.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file


@pytest.fixture
def tls(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HttpSink]:
    """A provider with a certificate for sms.sink.test, whose authority is trusted."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    file = certify("sms.sink.test", tmp_path)
    trusted = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(webhook, "_tls", lambda: trusted)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    with HttpSink(server) as sink:
        yield sink


def resolves_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Names have these addresses, one after the other; returns what was asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *args: Any, **options: Any) -> Any:
        if host.endswith(".test"):
            asked.append(host)
            host = answers[min(len(asked), len(answers)) - 1]
        return real(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def send(url: str) -> None:
    at = now()
    Webhook().send(Notice(uuid4(), at, at), Destination(url, (SECRET,), "+4930123456"))


def test_a_certificate_for_the_name_is_taken_though_the_connection_is_to_an_address(
    db: None, tls: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves_to(monkeypatch, "127.0.0.1")

    send(f"https://sms.sink.test:{tls.port}/notices")

    assert is_signed(tls.got[0], SECRET)
    assert tls.got[0].headers["host"] == f"sms.sink.test:{tls.port}"


def test_a_certificate_for_another_name_is_not_taken(db: None, tls: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, "127.0.0.1")

    for host in ("other.sink.test", "127.0.0.1"):
        with pytest.raises(TryAgain, match="SSL"):
            send(f"https://{host}:{tls.port}/notices")
    assert tls.got == []


def test_the_connection_goes_to_the_address_that_was_checked(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_NETWORKS = ["127.0.0.1/32"]
    asked = resolves_to(monkeypatch, "127.0.0.1", "127.0.0.2")
    with HttpSink() as sink:
        send(f"http://rebinding.test:{sink.port}/notices")

        assert asked == ["rebinding.test"], "asked once, and never again for the connection"
        with pytest.raises(Refused, match="not allowed"):
            send(f"http://rebinding.test:{sink.port}/notices")
        assert len(sink.got) == 1


def test_an_address_that_leads_inside_by_now_is_not_connected_to(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves_to(monkeypatch, "127.0.0.1")
    with HttpSink() as sink:
        with pytest.raises(Refused, match="not allowed"):
            send(f"https://sms.sink.test:{sink.port}/")
        assert sink.asked == 0


def test_proxies_of_the_environment_are_ignored(db: None, provider: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")

    send(provider.url)

    assert len(provider.got) == 1


def test_a_name_without_an_address_and_a_closed_port_are_tried_again(
    db: None, provider: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TryAgain, match="name not found"):
        send("https://nowhere.invalid/")
    with pytest.raises(TryAgain):
        send("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17), ("999999", 3600), ("Thu, 01 Jan 2026 00:02:00 GMT", 120), ("Wed, 31 Dec 2025 00:00:00 GMT", 0)],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    from datetime import UTC, datetime

    wait = webhook._wait(header, datetime(2026, 1, 1, tzinfo=UTC))

    assert wait is not None
    assert wait.total_seconds() == seconds
    assert webhook._wait("soon", datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_an_answer_may_take_longer_than_a_connection(
    db: None, provider: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(webhook, "READ_SECONDS", 1.0)
    provider.behave("hang")
    began = time.monotonic()

    with pytest.raises(TryAgain):
        send(provider.url)

    assert 0.9 < time.monotonic() - began < 5
