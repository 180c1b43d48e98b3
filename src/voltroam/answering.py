"""What a node can call plus all that answers partners, registration first."""

from collections.abc import Mapping

from voltroam.calling import Calling
from voltroam.holdings import Holdings, micros
from voltroam.knobs import read_knobs
from voltroam.roaming.dispatch import NO_PROMPT, Dispatch
from voltroam.roaming.handshake import Handshake, Required
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.hub.reach import Reach
from voltroam.roaming.interactive import interactive, stand_ins
from voltroam.roaming.platforms import Caller, Platform
from voltroam.roaming.registration import Connected, Registration, nobody
from voltroam.roaming.serving import Answering as Handler
from voltroam.roaming.serving import Prompt, Serving
from voltroam.settings import Settings, SettingsError
from voltroam.standard.endpoints import Interface
from voltroam.standard.errors import NodeError
from voltroam.standard.versions import Version
from voltroam.wire.call import Call, Reply
from voltroam.wire.headers import read_authorization


class Answering(Calling):
    """Knows its callers, answers them, and registers with them."""

    def __init__(self, holdings: Holdings) -> None:
        super().__init__(holdings)
        settings = holdings.settings
        self._prompt: Mapping[str, Prompt] = NO_PROMPT
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
            connected=_connected(holdings),
        )
        self._serving = Serving(
            holdings.store,
            holdings.directory,
            holdings.identity,
            holdings.table,
            holdings.router,
            settings.pages.default,
            settings.pages.maximum,
            bridging=holdings.bridging,
        )
        self._handlers = {**self.registration.handlers(), **self._interactive()}
        if holdings.identity.is_hub:
            self._handlers |= stand_ins(holdings.table)
        self._dispatch = Dispatch(self._serving, self._handlers, self._prompt)

    def _interactive(self) -> Mapping[str, Handler]:
        """The handlers that need more than this: named, so that partners are told of them."""
        settings = self.holdings.settings
        relay = str(settings.profiles.get("relay", False)).lower() in ("true", "1")
        return dict.fromkeys(interactive(self.holdings.identity, relay=relay), _not_here)

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

    def recall(self, headers: Mapping[str, str]) -> Caller | None:
        """`authenticate` for who called a moment ago. None: ask it."""
        caller = self.directory.recall(read_authorization(headers.get("authorization")))
        return caller if caller is not None and caller.is_registered else None

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """The reply to a call of a platform that `authenticate` named."""
        return await self._dispatch.answer(call, caller)

    def at_once(self, call: Call, caller: Platform) -> Reply | None:
        """`answer` where nothing must be waited for. None: ask it."""
        return self._dispatch.at_once(call, caller)

    def _announcement(self, platform: Platform, version: Version) -> str:
        return self._dispatch.announcement(platform, version)


def _connected(holdings: Holdings) -> Connected:
    """Of a hub: by its agreements."""
    if not holdings.identity.is_hub:
        return nobody
    knobs = read_knobs("hub", holdings.settings.hub, HubKnobs)
    book = AgreementBook(holdings.store, knobs.default, micros)
    routed = [it.name for it in holdings.table.modules.values() if it.functional]
    return Reach(holdings.directory, book, routed).of


async def _not_here(_call: Call, _caller: Platform) -> Reply:
    raise NodeError("A node that only registers answers no such call")


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
