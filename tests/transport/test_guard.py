"""The guard against hostile URLs: what no partner may make us call."""

import asyncio
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.standard.errors import ForbiddenUrl, Unreachable
from voltroam.transport.addresses import Reach, forbidden
from voltroam.transport.guard import (
    GuardSettings,
    UrlGuard,
    host_of,
    host_tied,
    read_url,
)

PUBLIC = "93.184.216.34"
OPEN = GuardSettings(http=True, reach=Reach(loopback=True, private=True))
WEB = GuardSettings(http=True)


async def public(_host: str, _port: int) -> list[str]:
    return [PUBLIC]


def guard(choice: GuardSettings | None = None) -> UrlGuard:
    return UrlGuard(choice, resolve=public)


# -- what is allowed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://partner.example/ocpi/versions", "https://partner.example/ocpi/versions"),
        ("https://partner.example", "https://partner.example/"),
        ("HTTPS://Partner.EXAMPLE/A?b=C", "https://partner.example/A?b=C"),
        ("https://partner.example:443/x", "https://partner.example/x"),
        ("https://partner.example:8443/x", "https://partner.example:8443/x"),
        ("https://partner.example./x", "https://partner.example/x"),
        ("https://partner.example/x#part", "https://partner.example/x"),
        ("https://partner.example?x=1", "https://partner.example/?x=1"),
        ("https://a_b.partner.example/x", "https://a_b.partner.example/x"),
        ("https://partner.example/a%20b/%C3%A9", "https://partner.example/a%20b/%C3%A9"),
        ("https://partner.example/\u00e9?q=\u00e9", "https://partner.example/%C3%A9?q=%C3%A9"),
        ("https://b\u00fccher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://xn--bcher-kva.example/x", "https://xn--bcher-kva.example/x"),
        ("https://93.184.216.34/x", "https://93.184.216.34/x"),
        ("https://[2606:2800:220:1::1]:8443/x", "https://[2606:2800:220:1::1]:8443/x"),
        ("https://partner.example/x?next=http://127.0.0.1/", None),
        ("https://partner.example/a@b", None),
        ("https://1.example/x", None),
        ("https://127.0.0.1.example/x", None),
    ],
)
async def test_an_ordinary_url_passes_in_one_spelling(url: str, read: str | None) -> None:
    checked = await guard().check(url)
    assert checked.url == (read or url)
    assert checked.addresses


async def test_plain_http_passes_only_where_allowed() -> None:
    with pytest.raises(ForbiddenUrl, match="https"):
        await guard().check("http://partner.example/")
    assert (await guard(WEB).check("http://partner.example/")).port == 80


# -- hostile forms: refused whatever the settings -------------------------------------------------

SCHEMES = [
    f"{scheme}{rest}"
    for scheme in (
        "file", "ftp", "gopher", "dict", "ldap", "ldaps", "tftp", "sftp", "ssh", "telnet", "smb",
        "jar", "netdoc", "data", "javascript", "ws", "wss", "unix", "http+unix", "view-source",
        "mailto", "php", "httpss", "h ttp", "htt\u0440",
    )
    for rest in ("://partner.example/",)
]  # fmt: skip
NO_URLS = [
    "", " ", "/", "//partner.example/", "partner.example", "https", "https:", "https:/",
    "https:partner.example/", "https:/partner.example/", "https:///partner.example/", "https://",
    "https:///", "https://?x", "https://#x", "https://:443/", "?https://partner.example/",
    "://partner.example/", "\\\\partner.example\\x", "data:text/html,x", "javascript:alert(1)",
]  # fmt: skip
USERS = [
    "https://user@partner.example/", "https://user:pw@partner.example/",
    "https://@partner.example/", "https://:@partner.example/",
    "https://partner.example@127.0.0.1/", "https://partner.example:443@127.0.0.1/",
    "https://127.0.0.1:80@partner.example/", "https://a@b@partner.example/",
    "https://partner.example%40127.0.0.1/", "https://%40partner.example/",
]  # fmt: skip
CHARACTERS = [
    f"https://partner{character}.example/"
    for character in (
        " ", "\t", "\r", "\n", "\0", "\x0b", "\x0c", "\x1f", "\x7f", "\\", "<", ">", '"', "`",
        "{", "}", "|", "^", "%", "%00", "%20", "%2e", "%2f", "!", "$", "&", "'", "(", ")", "*",
        "+", ",", ";", "=", "~", "\u00a0", "\u200b", "\u200e", "\u202e", "\u2028", "\ufeff",
        "\ufffd", "\ud800",
    )
] + [
    "https://partner.example\\@127.0.0.1/", "https://partner.example\\.evil.example/",
    "https://127.0.0.1\\partner.example/", " https://partner.example/",
    "https://partner.example/ ", "https://partner.example/a b", "https://partner.example/\r\nx: y",
    "https://partner.example/x\0", "https://partner.example/%", "https://partner.example/%zz",
    "https://partner.example/%2", "https://partner.example/?%g0", "\ufeffhttps://partner.example/",
    "https://partner.example/<script>", "https://partner.example/\u202e",
]  # fmt: skip
NAMES = [
    "https://./", "https://../", "https://a..example/", "https://.example/",
    "https://partner.example../", "https://-a.example/", "https://a-.example/",
    f"https://{'a' * 64}.example/", f"https://{'a.' * 130}example/", "https://xn--a/",
    "https://xn--.example/", "https://xn--zzzzzzz-.example/", "https://\u2260.example/",
    "https://\u0338a.example/", "https://\u3002/", "https://[partner.example]/",
    "https://[/", "https://]/", "https://[]/", "https://[::1/", "https://::1/",
]  # fmt: skip
PORTS = [
    f"https://partner.example:{port}/"
    for port in (
        "", "0", "-1", "+1", "65536", "99999", "100000", "4.4", "0x50", "a", "80a", " 443",
        "443 ", "443:443", "\uff14\uff14\uff13", "\u0664\u0664\u0663",
    )
]  # fmt: skip
ODD_ADDRESSES = [
    f"https://{host}/"
    for host in (
        "0x7f.1", "0x7f.0.0.1", "0x7F000001", "0x7f000001", "0177.0.0.1", "0177.1", "017700000001",
        "2130706433", "127.1", "127.0.1", "0", "1", "0x", "0x0", "00", "127.0.0.01", "127.0.0.001",
        "0127.0.0.1", "127.0.0.0x1", "127.0.0.1.", "256.0.0.1", "127.0.0.256", "1.2.3.4.5",
        "4294967295", "4294967296", "99999999999", "3232235777", "0xc0a80101", "0xA9FEA9FE",
        "2852039166", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "0251.254.169.254",
        "169.254.43518", "169.16689662", "foo.1", "foo.0x1", "partner.example.1", "1.1.1.1.0x",
        "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021",
        "127\uff0e0\uff0e0\uff0e1", "\u0661\u0662\u0667.0.0.1", "1\u00ad27.0.0.1",
        "\u00b9\u00b2\u2077.0.0.1", "0\u21167f.1",
    )
]  # fmt: skip
ODD_IPV6 = [
    f"https://[{host}]/"
    for host in (
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:93.184.216.34",
        "0:0:0:0:0:ffff:a9fe:a9fe", "0000:0000:0000:0000:0000:ffff:169.254.169.254",
        "fe80::1%eth0", "fe80::1%25eth0", "::1%1", "1", "::1::", ":::", "1:2:3:4:5:6:7:8:9",
        "12345::", "g::1", "127.0.0.1", "v1.x", "::1]@partner.example", "\uff11::1",
    )
]  # fmt: skip
NEVER = SCHEMES + NO_URLS + USERS + CHARACTERS + NAMES + PORTS + ODD_ADDRESSES + ODD_IPV6


@pytest.mark.parametrize("url", NEVER, ids=ascii)
async def test_a_hostile_form_is_refused_even_where_everything_is_open(url: str) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC]

    with pytest.raises(ForbiddenUrl) as refused:
        await UrlGuard(OPEN, resolve=resolve).check(url)
    assert asked == []
    assert refused.value.message


# -- hostile addresses ----------------------------------------------------------------------------

LOOPBACK = ["127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.255", "::1"]
PRIVATE = [
    "10.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "192.168.255.255", "100.64.0.1", "100.127.255.255", "fc00::1", "fd00::1", "fd12:3456:789a::1",
]  # fmt: skip
CLOSED = [
    "0.0.0.0", "0.0.0.1", "0.255.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2",
    "100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.254", "255.255.255.255", "::", "fe80::1", "febf::1", "fec0::1",
    "ff02::1", "ff0e::1", "100::1", "2001::1", "2001:10::1", "2001:db8::1", "3fff::1",
    "5f00::1", "4000::1", "fd00:ec2::254", "fd20:ce::254", "::2", "::7f00:1", "64:ff9b:1::1",
]  # fmt: skip
WRAPPED_LOOPBACK = ["::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"]
WRAPPED_PRIVATE = ["::ffff:10.0.0.1", "2002:c0a8:101::1", "64:ff9b::ac10:1"]
WRAPPED_CLOSED = ["::ffff:169.254.169.254", "2002:a9fe:a9fe::", "64:ff9b::a9fe:a9fe"]
ALL = LOOPBACK + PRIVATE + CLOSED + WRAPPED_LOOPBACK + WRAPPED_PRIVATE + WRAPPED_CLOSED


@pytest.mark.parametrize("address", ALL)
async def test_a_name_that_resolves_inwards_is_refused(address: str) -> None:
    async def inward(_host: str, _port: int) -> list[str]:
        return [address]

    with pytest.raises(ForbiddenUrl, match=r"partner\.example"):
        await UrlGuard(WEB, resolve=inward).check("https://partner.example/")


@pytest.mark.parametrize("address", ALL)
async def test_one_inward_address_among_public_ones_spoils_the_name(address: str) -> None:
    async def mixed(_host: str, _port: int) -> list[str]:
        return [PUBLIC, address]

    with pytest.raises(ForbiddenUrl):
        await UrlGuard(WEB, resolve=mixed).check("https://partner.example/")


@pytest.mark.parametrize("address", LOOPBACK + PRIVATE + CLOSED)
async def test_an_inward_literal_is_refused(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(ForbiddenUrl):
        await guard(WEB).check(f"https://{host}/")


@pytest.mark.parametrize("address", CLOSED + WRAPPED_CLOSED)
def test_special_addresses_stay_closed_whatever_the_settings(address: str) -> None:
    assert forbidden(ip_address(address), Reach(loopback=True, private=True))


@pytest.mark.parametrize(
    ("addresses", "reach"),
    [
        (LOOPBACK + WRAPPED_LOOPBACK, Reach(loopback=True)),
        (PRIVATE + WRAPPED_PRIVATE, Reach(private=True)),
    ],
)
def test_settings_open_loopback_and_private_networks_apart(
    addresses: list[str], reach: Reach
) -> None:
    other = Reach(loopback=not reach.loopback, private=not reach.private)
    for address in addresses:
        assert forbidden(ip_address(address), reach) is None
        assert forbidden(ip_address(address), other)


@given(st.ip_addresses())
@settings(max_examples=500, derandomize=True)
def test_what_is_not_global_is_never_called(address: object) -> None:
    """The standard library's own judgement as the oracle: nothing it calls non-global passes."""
    parsed = ip_address(str(address))
    if not parsed.is_global or parsed.is_multicast:
        assert forbidden(parsed, Reach())


@pytest.mark.parametrize("answer", [["not an address"], ["fe80::1%eth0"], ["127.0.0.1\n"]])
async def test_a_resolver_that_answers_nonsense_is_not_believed(answer: list[str]) -> None:
    async def nonsense(_host: str, _port: int) -> list[str]:
        return answer

    with pytest.raises(ForbiddenUrl):
        await UrlGuard(OPEN, resolve=nonsense).check("https://partner.example/")


# -- ports ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [1, 21, 22, 23, 25, 53, 110, 111, 135, 139, 389, 445, 587, 993])
async def test_ports_of_other_protocols_are_closed(port: int) -> None:
    with pytest.raises(ForbiddenUrl, match="port"):
        await guard(WEB).check(f"https://partner.example:{port}/")


async def test_settings_name_the_only_ports() -> None:
    only = GuardSettings(ports=frozenset({443, 9443}))
    assert (await guard(only).check("https://partner.example:9443/")).port == 9443
    with pytest.raises(ForbiddenUrl, match="port"):
        await guard(only).check("https://partner.example:8443/")


# -- resolving ------------------------------------------------------------------------------------


async def test_a_name_is_asked_once_and_again_when_the_answer_is_old() -> None:
    now, asked = 0.0, 0

    async def counting(_host: str, _port: int) -> list[str]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return [PUBLIC]

    one = UrlGuard(GuardSettings(remember=60), resolve=counting, clock=lambda: now)
    await asyncio.gather(*(one.check(f"https://partner.example/{n}") for n in range(20)))
    assert asked == 1
    now = 59.0
    await one.check("https://partner.example/")
    assert asked == 1
    now = 61.0
    await one.check("https://partner.example/")
    assert asked == 2
    one.forget("partner.example", 443)
    await one.check("https://partner.example/")
    assert asked == 3


async def test_a_refusal_is_not_remembered() -> None:
    answers = iter([["10.0.0.1"], [PUBLIC]])

    async def changing(_host: str, _port: int) -> list[str]:
        return next(answers)

    one = UrlGuard(resolve=changing)
    with pytest.raises(ForbiddenUrl):
        await one.check("https://partner.example/")
    assert (await one.check("https://partner.example/")).addresses == (PUBLIC,)


async def test_a_rebound_name_is_judged_anew() -> None:
    """DNS rebinding: once the remembered answer is old, the inward one is seen and refused."""
    now, answers = 0.0, iter([[PUBLIC], ["127.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    one = UrlGuard(resolve=rebinding, clock=lambda: now)
    assert (await one.check("https://partner.example/")).addresses == (PUBLIC,)
    now = 1000.0
    with pytest.raises(ForbiddenUrl):
        await one.check("https://partner.example/")


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example/ocpi/2.2.1/receiver/locations/NL/AAA/LOC1",
        "https://partner.example/x?next=http://127.0.0.1/",
        "https://partner.example/a%20b",
        "https://partner.example/\u00e9",
        "https://partner.example/x#part",
        "https://partner.example:443/x",
        "https://partner.example",
        "https://partner.example?x=1",
    ],
)
async def test_a_host_that_was_judged_is_known_and_its_paths_read_as_before(url: str) -> None:
    fresh = await guard().check(url)
    one = guard()
    await one.check("https://partner.example/")
    assert one.known(url) in (None, fresh)
    assert await one.check(url) == fresh


async def test_no_more_is_known_than_was_judged() -> None:
    now = 0.0
    one = UrlGuard(GuardSettings(remember=60), resolve=public, clock=lambda: now)
    assert one.known("https://partner.example/x") is None
    await one.check("https://partner.example/")
    assert one.known("https://partner.example/x") is not None
    for other in (
        "http://partner.example/x",
        "https://partner.example:8443/x",
        "https://partner.example@127.0.0.1/x",
        "https://partner.example.evil.example/x",
        "https://partner.example\\@127.0.0.1/x",
        "https://partner.example/" + "x" * 2048,
        "https://partner.example/a\nb",
    ):
        assert one.known(other) is None
    now = 61.0
    assert one.known("https://partner.example/x") is None


async def test_a_caller_that_gives_up_does_not_spoil_the_answer_for_others() -> None:
    release = asyncio.Event()

    async def slow(_host: str, _port: int) -> list[str]:
        await release.wait()
        return [PUBLIC]

    one = UrlGuard(resolve=slow)
    first = asyncio.create_task(one.check("https://partner.example/"))
    second = asyncio.create_task(one.check("https://partner.example/"))
    await asyncio.sleep(0.01)
    first.cancel()
    release.set()
    assert (await second).addresses == (PUBLIC,)


@pytest.mark.parametrize("fault", [OSError, UnicodeError, TimeoutError])
async def test_a_name_without_answer_is_unreachable(fault: type[Exception]) -> None:
    async def failing(_host: str, _port: int) -> list[str]:
        raise fault

    with pytest.raises(Unreachable) as refused:
        await UrlGuard(resolve=failing).check("https://partner.example/")
    assert refused.value.sent is False


async def test_a_resolver_that_hangs_is_unreachable() -> None:
    async def hanging(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    one = UrlGuard(GuardSettings(resolve_time=0.05), resolve=hanging)
    with pytest.raises(Unreachable):
        await one.check("https://partner.example/")


async def test_memory_is_bounded() -> None:
    one = UrlGuard(GuardSettings(hosts=10), resolve=public)
    for number in range(100):
        await one.check(f"https://p{number}.example/")
    assert len(one._known) == 10


# -- tied hosts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "tied"),
    [
        ("https://ocpi.partner.example/cb/1", True),
        ("https://OCPI.partner.example:8443/cb", True),
        ("https://cb.ocpi.partner.example/", True),
        ("https://partner.example/", False),
        ("https://other.partner.example/", False),
        ("https://xocpi.partner.example/", False),
        ("https://ocpi.partner.example.evil.example/", False),
        ("https://evil.example/ocpi.partner.example", False),
        ("https://ocpi.partner.example@evil.example/", False),
        ("https://93.184.216.34/", True),
        ("https://93.184.216.35/", False),
        ("no url", False),
    ],
)
def test_a_url_stays_with_its_platform(url: str, tied: bool) -> None:
    assert host_tied(url, ["ocpi.partner.example", "93.184.216.34"]) is tied


def test_a_top_level_name_ties_nothing() -> None:
    assert not host_tied("https://evil.example/", ["example"])


def test_hosts_compare_in_their_ascii_form() -> None:
    assert host_of("https://B\u00dcCHER.example/x") == "xn--bcher-kva.example"
    assert host_tied("https://b\u00fccher.example/", ["xn--bcher-kva.example"])


# -- any text -------------------------------------------------------------------------------------


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "https://[", "https://a"]))
@settings(max_examples=500, derandomize=True)
def test_any_text_is_read_or_refused_and_read_the_same_twice(text: str, start: str) -> None:
    try:
        parts = read_url(start + text)
    except ForbiddenUrl:
        return
    assert parts.url.isascii()
    assert read_url(parts.url) == parts


def test_the_corpus_is_large_enough() -> None:
    assert len(NEVER) + len(ALL) >= 200
