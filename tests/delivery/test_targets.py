"""A webhook's address is refused when it leads into a private network, whatever way it is spelt."""

import socket
from typing import Any

import pytest

from carehub.core.errors import InvalidInput
from carehub.delivery.transports.targets import Unresolved, check_target

pytestmark = pytest.mark.quick

PRIVATE = (
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
)


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("port", ["", ":8443"])
def test_is_refused_for_every_spelling_of_a_private_address(host: str, port: str) -> None:
    try:
        with pytest.raises(InvalidInput) as refused:
            check_target(f"https://{host}{port}/notices")
    except Unresolved:
        return  # the system's resolver does not know this spelling: nothing can be connected to
    assert refused.value.pointer == "/url"


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["93.184.215.14", "10.0.0.7"], ["2606:2800::1", "::ffff:192.168.0.1"]]
)
def test_is_refused_for_a_name_with_one_private_address_among_its_addresses(
    monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    answer(monkeypatch, answers)

    with pytest.raises(InvalidInput, match="private or reserved"):
        check_target("https://sms.example.org/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://93.184.215.14/", "https://"),
        ("ftp://93.184.215.14/", "https://"),
        ("https:///notices", "host name"),
        ("https://user:secret@93.184.215.14/", "user name"),
        ("https://93.184.215.14:0/", "port"),
        ("https://93.184.215.14:70000/", "not an address"),
        ("https://93.184.215.14/#top", "fragment"),
        ("https://93.184.215.14/ ", "ASCII"),
        ("https://93.184.215.14\\@localhost/", "ASCII"),
        ("https://93.184.215.14/\r\nHost: localhost", "ASCII"),
        ("https://[fe80::1%25eth0]/", ""),
        ("https://[::1/", "not an address"),
    ],
)
def test_is_refused_with_a_sentence(url: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_target(url)

    assert refused.value.pointer == "/url"
    assert words in refused.value.detail


def test_is_taken_when_it_is_public_on_any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, ["93.184.215.14", "2606:2800:220:1::1"])

    found = check_target("https://SMS.example.org.:8443/a/b?c=d")

    assert (found.host, found.port, found.path, found.authority) == (
        "sms.example.org",
        8443,
        "/a/b?c=d",
        "sms.example.org:8443",
    )
    assert [str(address) for address in found.addresses] == ["93.184.215.14", "2606:2800:220:1::1"]


def test_operators_may_allow_networks_of_their_own_and_plain_http_there(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = ["10.20.0.0/16", "fd00::/8"]

    assert not check_target("http://10.20.3.4/").is_tls
    assert check_target("https://[fd00::5]/").host == "fd00::5"
    with pytest.raises(InvalidInput):
        check_target("https://10.21.0.1/")


def test_a_name_without_an_address_is_said_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [])

    with pytest.raises(Unresolved):
        check_target("https://nowhere.example.org/")


def answer(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    """Whatever name is asked for has these addresses."""

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
