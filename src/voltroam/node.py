"""One node in one process: the only place where the floors are joined.

`Node` is what a node holds plus all that calls partners, answers them and works in the background.
`served.py` makes an ASGI application of it.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from voltroam.delivery.deliver import Delivery
from voltroam.holdings import Holdings, micros
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.handshake import Handshake, Required
from voltroam.roaming.platforms import Caller, Platform, Status
from voltroam.roaming.registration import Registration
from voltroam.roaming.serving import Serving
from voltroam.settings import Settings, SettingsError, Tls
from voltroam.standard.endpoints import Interface
from voltroam.standard.versions import Version
from voltroam.transport.addresses import Reach
from voltroam.transport.client import ClientTls, GuardedSender, PinnedSender
from voltroam.transport.guard import GuardSettings, UrlGuard
from voltroam.wire.call import Call, Reply
from voltroam.wire.headers import read_authorization

log = structlog.get_logger("voltroam.node")


class Node:
    """The parts of one node, joined. `start` begins the background work, `close` ends all."""

    def __init__(self, holdings: Holdings) -> None:
        settings = holdings.settings
        self.holdings = holdings
        self.store = holdings.store
        self.directory = holdings.directory
        self.router = holdings.router
        self.sender = GuardedSender(UrlGuard(guard_settings(settings)), _library(holdings))
        self.exchange = Exchange(self.sender.send, holdings.vault, on_contact=self._heard)
        self.registration = Registration(
            store=holdings.store,
            directory=holdings.directory,
            exchange=self.exchange,
            handshake=Handshake(
                self.exchange, holdings.table, holdings.router.versions, required(settings)
            ),
            vault=holdings.vault,
            identity=holdings.identity,
            router=holdings.router,
            now=micros,
            profile=holdings.profile,
            announcement=self._announcement,
        )
        self.delivery = Delivery(
            holdings.store,
            holdings.directory,
            self.exchange,
            holdings.identity,
            holdings.table,
            now=micros,
            rotate=self.registration.rotate,
            is_behind=self.registration.is_behind,
        )
        serving = Serving(
            holdings.store,
            holdings.directory,
            holdings.identity,
            holdings.table,
            holdings.router,
            settings.pages.default,
            settings.pages.maximum,
        )
        self._dispatch = Dispatch(serving, self.registration.handlers())
        self._background: asyncio.Task[None] | None = None
        self._woken: dict[str, int] = {}

    @classmethod
    async def open(cls, settings: Settings, folder: Path) -> "Node":
        """Open the database and join the parts.

        Raises SettingsError, or NodeError when the database cannot be used.
        """
        holdings = await Holdings.open(settings, folder)
        try:
            return cls(holdings)
        except BaseException:
            await holdings.close()
            raise

    def start(self) -> None:
        """Begin to deliver, synchronise and tidy up in the background."""
        self._background = asyncio.create_task(self.delivery.run())

    async def close(self) -> None:
        """End the background work, then let go of connections and database."""
        if self._background is not None:
            await self.delivery.stop()
            await self._background
        await self.sender.close()
        await self.holdings.close()

    async def authenticate(self, headers: Mapping[str, str]) -> Caller | None:
        """Whose token it is. Raises Unauthorized without any.

        What was read of a platform that registers is a moment old; it is read anew, so that a
        partner's first call after the handshake finds the handshake done.
        """
        presented = read_authorization(headers.get("authorization"))
        caller = await self.directory.by_token(presented)
        if caller is None or caller.is_registered:
            return caller
        self.directory.forget(caller.id)
        return await self.directory.by_token(presented)

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """A call's reply; a partner that was silent is tried again at once."""
        if caller.status is Status.OFFLINE:
            await self.delivery.contact(caller.id)
        else:
            self.delivery.heard(caller.id)
        return await self._dispatch.answer(call, caller)

    def _announcement(self, platform: Platform, version: Version) -> str:
        return self._dispatch.announcement(platform, version)

    async def ready(self) -> bool:
        await self.store.head()
        return True

    def _heard(self, platform_id: str, answered: bool) -> None:
        if answered:
            self.directory.contact(platform_id)


def required(settings: Settings) -> list[Required]:
    """`locations` or `locations/SENDER`. Raises SettingsError for another side."""
    found: list[Required] = []
    for text in settings.required_modules:
        name, _, side = text.partition("/")
        try:
            found.append((name, Interface(side.upper()) if side else None))
        except ValueError:
            raise SettingsError(f"`required_modules`: {text} has no such side.") from None
    return found


def guard_settings(settings: Settings) -> GuardSettings:
    """Which addresses may be called."""
    network = settings.network
    return GuardSettings(
        http=network.allow_http,
        reach=Reach(loopback=network.allow_loopback, private=network.allow_private),
    )


def _library(holdings: Holdings) -> PinnedSender:
    """The HTTP library that the settings name; each is loaded only if it is the one."""
    tls = client_tls(holdings.settings.tls, holdings.folder)
    if holdings.settings.client == "aiohttp":
        from voltroam.transport.aiohttp_sender import AiohttpSender

        return AiohttpSender(tls)
    from voltroam.transport.pyreqwest_sender import PyreqwestSender

    return PyreqwestSender(tls)


def client_tls(tls: Tls, folder: Path) -> ClientTls:
    """Whom we trust and who we are. Raises SettingsError for a file that cannot be read."""

    def read(name: str | None) -> bytes | None:
        if name is None:
            return None
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise SettingsError(
                f"[tls] {folder / name} cannot be read: {error.strerror}."
            ) from None

    return ClientTls(
        authorities=read(tls.authorities),
        certificate=read(tls.client_certificate),
        key=read(tls.client_key),
    )
