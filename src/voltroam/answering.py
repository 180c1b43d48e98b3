"""What a node can call plus all that answers partners, registration first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from voltroam.calling import Calling, opened
from voltroam.delivery.asking import AskingHost
from voltroam.delivery.subscriptions import Subscriptions
from voltroam.holdings import Holdings, micros
from voltroam.hubbing import Hubbing
from voltroam.live import Live
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.deciding import Deciding
from voltroam.roaming.authorizing.log import AuthorizationLog
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.handshake import Handshake, Required
from voltroam.roaming.host import Host, Unattended
from voltroam.roaming.platforms import Caller, Platform
from voltroam.roaming.registration import Registration
from voltroam.roaming.serving import Serving
from voltroam.settings import Settings, SettingsError
from voltroam.standard.endpoints import Interface
from voltroam.standard.versions import Version
from voltroam.tuning import read_tuning
from voltroam.wire.call import Call, Reply
from voltroam.wire.headers import read_authorization


class Answering(Calling):
    """Knows its callers, answers them, and registers with them."""

    def __init__(self, holdings: Holdings, host: Host | None = None) -> None:
        super().__init__(holdings)
        self.host = host or Unattended()
        settings = holdings.settings
        self.router = holdings.router
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
        serving = Serving(
            holdings.store,
            holdings.directory,
            holdings.identity,
            holdings.table,
            holdings.router,
            settings.pages.default,
            settings.pages.maximum,
        )
        self.authorizations = AuthorizationLog(holdings.store, holdings.vault, now=micros)
        self.tuning = tuning = read_tuning(settings)
        self.subscriptions = Subscriptions(holdings.store, holdings.vault, micros, tuning.webhooks)
        asked = AskingHost(
            self.subscriptions, self.sender.send, otherwise=self.host, now=micros,
            knobs=tuning.webhooks,
        )  # fmt: skip
        self.deciding = Deciding(
            holdings.store, holdings.identity, asked, self.authorizations,
            knobs=tuning.authorization,
        )  # fmt: skip
        self.authorizer = Authorizer(
            holdings.store,
            holdings.directory,
            self.exchange,
            table=holdings.table,
            identity=holdings.identity,
            vault=holdings.vault,
            log=self.authorizations,
            deciding=self.deciding,
            knobs=tuning.authorization,
        )
        self.live = Live(
            holdings, self.exchange, asked, self.authorizer, tuning=tuning,
            moment=getattr(self.host, "moment", None),
        )  # fmt: skip
        handlers = (self.registration.handlers(), self.deciding.handlers(), self.live.handlers())
        installed = {name: it for part in handlers for name, it in part.items()}
        self._dispatch = Dispatch(serving, installed)
        self.hubbing: Hubbing | None = None
        if holdings.identity.is_hub:
            self.hubbing = Hubbing(holdings, self.exchange, serving, installed, tuning.hub)
            self._dispatch = self.hubbing.dispatch
        self._answers = self.hubbing.answer if self.hubbing else self._dispatch.answer

    @classmethod
    async def open(cls, settings: Settings, folder: Path, host: Host | None = None) -> Self:
        """Open the database and join the parts; `host` are the company's own systems.

        Raises SettingsError, or NodeError when the database cannot be used.
        """
        return await opened(settings, folder, lambda holdings: cls(holdings, host))

    async def close(self) -> None:
        """Write what is still to be written, then let go of connections and database."""
        await self.live.close()
        if self.hubbing is not None:
            await self.hubbing.close()
        await self.authorizations.close()
        await super().close()

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
        """The reply to a call of a platform that `authenticate` named."""
        return await self._answers(call, caller)

    def _announcement(self, platform: Platform, version: Version) -> str:
        return self._dispatch.announcement(platform, version)


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
