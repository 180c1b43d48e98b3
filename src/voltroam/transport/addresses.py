"""Which IP addresses a partner may have: the judgement behind the URL guard, without any I/O."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Reach:
    """Which special networks the operator opens; all closed on a public node."""

    loopback: bool = False
    private: bool = False


CLOSED = Reach()

METADATA: frozenset[Address] = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # most clouds
        "169.254.170.2",  # containers on AWS
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
    )
)
"""Where clouds hand out their own credentials: closed whatever the settings."""

_LOOPBACK_4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_6 = IPv6Address("::1")
_PRIVATE_4 = tuple(
    IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_PRIVATE_6 = IPv6Network("fc00::/7")
_CLOSED_4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
"""This network, link-local, protocol, documentation, benchmarks, multicast, reserved, broadcast."""
_GLOBAL_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16")
)
"""Protocol assignments (Teredo among them), documentation, segment routing."""
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")


def forbidden(address: Address, reach: Reach) -> str | None:
    """Why an address must not be called; None if it may be."""
    if address in METADATA:
        return "a cloud's metadata address"
    if isinstance(address, IPv4Address):
        return _forbidden_4(address, reach)
    return _forbidden_6(address, reach)


def _forbidden_4(address: IPv4Address, reach: Reach) -> str | None:
    if address in _LOOPBACK_4:
        return None if reach.loopback else "a loopback address"
    if any(address in net for net in _PRIVATE_4):
        return None if reach.private else "a private address"
    if any(address in net for net in _CLOSED_4):
        return "a special-purpose address"
    return None


def _forbidden_6(address: IPv6Address, reach: Reach) -> str | None:
    inner = address.ipv4_mapped
    if inner is None and address in _SIX_TO_FOUR:
        inner = address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return forbidden(inner, reach)
    if address == _LOOPBACK_6:
        return None if reach.loopback else "a loopback address"
    if address in _PRIVATE_6:
        return None if reach.private else "a private address"
    if address not in _GLOBAL_6 or any(address in net for net in _CLOSED_6):
        return "a special-purpose address"
    return None
