"""What a node holds plus all that calls partners: enough to pull, and for a signed curl."""

from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from voltroam.holdings import Holdings
from voltroam.roaming.exchange import Exchange
from voltroam.settings import Settings, SettingsError, Tls
from voltroam.transport.addresses import Reach
from voltroam.transport.client import ClientTls, GuardedSender, PinnedSender
from voltroam.transport.guard import GuardSettings, UrlGuard

T = TypeVar("T")


class Calling:
    """Signed calls to partners, from `open` to `close`."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.store = holdings.store
        self.directory = holdings.directory
        self.guard = UrlGuard(guard_settings(holdings.settings))
        self.sender = GuardedSender(self.guard, _library(holdings))
        self.exchange = Exchange(
            self.sender.send, holdings.vault, on_contact=self._heard, bridging=holdings.bridging
        )

    @classmethod
    async def open(cls, settings: Settings, folder: Path) -> Self:
        """Open the database and join the parts.

        Raises SettingsError, or NodeError when the database cannot be used.
        """
        return await opened(settings, folder, cls)

    async def close(self) -> None:
        """Let go of connections and database."""
        await self.sender.close()
        await self.holdings.close()

    def _heard(self, platform_id: str, answered: bool) -> None:
        if answered:
            self.directory.contact(platform_id)


async def opened(settings: Settings, folder: Path, join: Callable[[Holdings], T]) -> T:
    """Open the database and join the parts upon it; a fault on the way leaves nothing open."""
    holdings = await Holdings.open(settings, folder)
    try:
        return join(holdings)
    except BaseException:
        await holdings.close()
        raise


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
    from voltroam.transport.curl_sender import CurlSender

    return CurlSender(tls)


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
