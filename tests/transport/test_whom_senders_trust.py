"""For every client library: it talks to the checked address, and to the right certificate."""

import asyncio
import os

import pytest
import trustme
from tests.transport.conftest import (
    ENVELOPE,
    Library,
    guarded,
    local,
    ok,
    raw_server,
    read_head,
    says,
    server_tls,
    trusting,
)

from voltroam.standard.errors import Unreachable, Unusable
from voltroam.transport.client import ClientTls
from voltroam.wire.call import Request

# -- pinning --------------------------------------------------------------------------------------


async def test_the_connection_goes_to_the_address_that_was_checked(library: Library) -> None:
    """The name exists only in the guard's resolver: the library itself must not ask the DNS."""
    async with (
        raw_server(says(ok(ENVELOPE))) as port,
        guarded(library, resolve=local) as sender,
    ):
        url = f"http://nowhere.invalid:{port}/ocpi/versions"
        response = await sender.send(Request("GET", url), timeout=5)
    assert (response.status, response.body) == (200, ENVELOPE)


async def test_a_second_answer_of_the_dns_changes_nothing(library: Library) -> None:
    """DNS rebinding: the answer turns to another address between the check and the connection."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    async with (
        raw_server(says(ok(b"checked"))) as port,
        guarded(library, resolve=rebinding) as sender,
    ):
        for _ in range(3):
            url = f"http://rebind.invalid:{port}/"
            assert (await sender.send(Request("GET", url), timeout=5)).body == b"checked"


async def test_a_new_checked_address_is_used_when_the_old_one_is_gone(library: Library) -> None:
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])

    async def moved(_host: str, _port: int) -> list[str]:
        return next(answers)

    async with (
        raw_server(says(ok(b"there"))) as port,
        guarded(library, resolve=moved) as sender,
    ):
        request = Request("GET", f"http://moved.invalid:{port}/")
        with pytest.raises(Unreachable) as refused:
            await sender.send(request, timeout=5)
        assert refused.value.sent is False
        assert (await sender.send(request, timeout=5)).body == b"there"


async def test_proxies_of_the_environment_are_not_used(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with raw_server(says(ok(b"direct"))) as port, guarded(library, resolve=local) as sender:
        request = Request("GET", f"http://direct.invalid:{port}/")
        assert (await sender.send(request, timeout=5)).body == b"direct"
    assert os.environ["HTTP_PROXY"]


# -- TLS ------------------------------------------------------------------------------------------


async def test_tls_names_and_verifies_the_host_of_the_url(
    library: Library, authority: trustme.CA
) -> None:
    """CORE-AUTH-15: SNI and certificate are those of the name, though we connect to an address."""
    asked: list[str | None] = []
    context = server_tls(authority, "partner.example")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with (
        raw_server(says(ok(ENVELOPE)), tls=context) as port,
        guarded(library, tls=trusting(authority), resolve=local) as sender,
    ):
        request = Request("GET", f"https://partner.example:{port}/")
        assert (await sender.send(request, timeout=5)).status == 200
    assert asked == ["partner.example"]


@pytest.mark.parametrize("name", ["other.example", "partner.example"])
async def test_a_certificate_for_another_name_or_of_an_unknown_authority_is_refused(
    library: Library, authority: trustme.CA, name: str
) -> None:
    tls = trusting(authority) if name == "other.example" else None
    async with (
        raw_server(says(ok(b"")), tls=server_tls(authority, name)) as port,
        guarded(library, tls=tls, resolve=local) as sender,
    ):
        with pytest.raises(Unreachable) as refused:
            await sender.send(Request("GET", f"https://partner.example:{port}/"), timeout=5)
    assert refused.value.sent is False


async def test_certificates_hold_for_ip_addresses_too(
    library: Library, authority: trustme.CA
) -> None:
    async with (
        raw_server(says(ok(ENVELOPE)), tls=server_tls(authority, "127.0.0.1")) as port,
        guarded(library, tls=trusting(authority)) as sender,
    ):
        request = Request("GET", f"https://127.0.0.1:{port}/")
        assert (await sender.send(request, timeout=5)).status == 200


async def test_the_client_certificate_is_presented(library: Library, authority: trustme.CA) -> None:
    clients = trustme.CA()
    ours = clients.issue_cert("node.example")
    tls = ClientTls(
        authorities=authority.cert_pem.bytes(),
        certificate=b"".join(blob.bytes() for blob in ours.cert_chain_pems),
        key=ours.private_key_pem.bytes(),
    )
    seen: list[object] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        seen.append(writer.get_extra_info("peercert"))
        writer.write(ok(ENVELOPE))

    context = server_tls(authority, "partner.example", clients=clients)
    async with raw_server(talk, tls=context) as port:
        request = Request("GET", f"https://partner.example:{port}/")
        async with guarded(library, tls=tls, resolve=local) as sender:
            assert (await sender.send(request, timeout=5)).status == 200
        async with guarded(library, tls=trusting(authority), resolve=local) as sender:
            with pytest.raises((Unreachable, Unusable)):
                await sender.send(request, timeout=5)
    assert len(seen) == 1
    assert seen[0]


def test_the_private_key_is_not_shown() -> None:
    assert "SECRET" not in repr(ClientTls(key=b"SECRET"))
