"""Where a webhook may go: never into our own network, whatever way its address is spelt.

A name is resolved once, every address that it has is checked, and the connection is made to one of those, so that a
name that changes its mind between check and connection gains nothing.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from carehub.core.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

POINTER = "/url"

# Addresses that carry an IPv4 address to a translator, which may stand inside; and the site-local ones of old.
_NOT_OUTSIDE = tuple(
    ipaddress.IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
)


class Unresolved(Exception):
    """The name has no address now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address, taken apart and checked; `addresses` are those that may be connected to."""

    is_tls: bool
    host: str
    port: int
    path: str
    authority: str
    addresses: tuple[Address, ...]


def check_target(url: str) -> Target:
    """Where this address leads. Raises InvalidInput at /url for one that is not allowed, Unresolved for no address."""
    is_tls, host, port, path, authority = _parse(url)
    addresses = _resolve(host, port)
    for address in addresses:
        if not (_is_public(address) or is_allowed(address)):
            raise _refuse(
                "This address leads into a private or reserved network. Only public addresses are allowed, "
                "and networks that the operator lists in WEBHOOK_NETWORKS."
            )
    if not is_tls and not all(is_allowed(address) for address in addresses):
        raise _refuse("The address must begin with https://. http:// is allowed for networks of WEBHOOK_NETWORKS only.")
    return Target(is_tls, host, port, path, authority, addresses)


def is_allowed(address: Address) -> bool:
    """Whether the operator lists a network with this address."""
    networks = [ipaddress.ip_network(network) for network in settings.WEBHOOK_NETWORKS]
    return any(address in network for network in networks if network.version == address.version)


def _parse(url: str) -> tuple[bool, str, int, str, str]:
    if any(not 33 <= ord(character) <= 126 for character in url) or "\\" in url:
        raise _refuse("The address must be printable ASCII characters without spaces.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise _refuse("This is not an address, such as https://sms.example.org/notices.") from None
    if parts.scheme not in ("https", "http") or not host or "%" in host:
        raise _refuse("The address must begin with https:// and a host name.")
    if "@" in parts.netloc:
        raise _refuse("The address must not contain a user name or password.")
    if parts.fragment:
        raise _refuse("The address must not contain a fragment (#).")
    if port == 0:
        raise _refuse("The port must be 1 to 65535.")
    is_tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    bracketed = f"[{host}]" if ":" in host else host
    return is_tls, host, port or (443 if is_tls else 80), path, bracketed + (f":{port}" if port else "")


def _resolve(host: str, port: int) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise Unresolved(host) from None
    addresses = tuple(dict.fromkeys(_plain(str(sockaddr[0])) for *_, sockaddr in found))
    if not addresses:
        raise Unresolved(host)
    return addresses


def _plain(text: str) -> Address:
    """An address as it is reached: one that is written as IPv6 and means IPv4 is the IPv4 one."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _NOT_OUTSIDE):
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_link_local
        and not address.is_unspecified
    )


def _refuse(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, pointer=POINTER)
