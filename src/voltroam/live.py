"""The interactive half of a node, joined: commands, charging profiles, preferences, sessions."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import uuid4

from voltroam.delivery.asking import AskingHost
from voltroam.delivery.jobs import supervise
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.subscriptions import Subscriptions
from voltroam.holdings import Holdings, micros
from voltroam.packaged import Packaged
from voltroam.pricing.reservation import Outcome as ReservationOutcome
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.deciding import Deciding
from voltroam.roaming.authorizing.log import AuthorizationLog
from voltroam.roaming.charging import Charge, Charging
from voltroam.roaming.commanding import Commands, Ending, Orders
from voltroam.roaming.exchange import Exchange, Send
from voltroam.roaming.host import Host, Order, Unattended, Wish
from voltroam.roaming.marks import Marks, tariffs_for
from voltroam.roaming.profiling import Preferences, Profiles, Steering
from voltroam.roaming.serving import Answering, Prompt
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.v2_2_1 import ChargingPreferencesResponse, ReserveNow, SessionStatus
from voltroam.tuning import Tuning
from voltroam.wire.times import from_micros

LOOK = 0.5
"""Seconds between two looks at what is due."""
RESERVED = "reservation "
"""Before the charger's number: the order of a reservation's session."""
OUTCOMES = {
    Ending.EXPIRED: ReservationOutcome.EXPIRED,
    Ending.CANCELED: ReservationOutcome.CANCELLED,
    Ending.CANCELED_BY_OPERATOR: ReservationOutcome.CANCELLED,
    Ending.NEVER_MADE: ReservationOutcome.CANCELLED,
}


class Live:
    """What drivers and chargers do between two companies, both sides of it.

    A host that has a time of its own, as a simulated world has, tells it by `moment()`.
    """

    def __init__(
        self,
        holdings: Holdings,
        exchange: Exchange,
        send: Send,
        host: Host,
        tuning: Tuning,
    ) -> None:
        store, directory, vault = holdings.store, holdings.directory, holdings.vault
        identity, table, router = holdings.identity, holdings.table, holdings.router
        self._moment: Callable[[], datetime] = getattr(host, "moment", _now)
        subscriptions = Subscriptions(store, vault, micros, tuning.webhooks)
        host = AskingHost(subscriptions, send, otherwise=host, now=micros, knobs=tuning.webhooks)
        self.packaged = Packaged(holdings, exchange, books=host.book)
        self.authorizations = AuthorizationLog(store, vault, now=micros)
        self.deciding = Deciding(
            store, identity, host, self.authorizations, knobs=tuning.authorization,
            decides=host.decides, nobody_decides=host.nobody_decides,
        )  # fmt: skip
        self.authorizer = Authorizer(
            store, directory, exchange, table=table, identity=identity, vault=vault,
            log=self.authorizations, deciding=self.deciding, knobs=tuning.authorization,
        )  # fmt: skip
        self._store, self._holder = store, uuid4().hex
        tariff_for = tariffs_for(Marks(store), directory)
        self.charging = Charging(
            store, identity, micros, knobs=tuning.charging, tariff_for=tariff_for,
            on_arrival=self._arrived, booked=self.packaged.booked,
            invoiced=self.packaged.invoiced,
        )  # fmt: skip
        self.profiles = Profiles(
            store, directory, exchange, identity=identity, router=router, table=table, now=micros,
            knobs=tuning.profiles,
        )  # fmt: skip
        self.steering = Steering(
            store, directory, exchange, identity=identity, table=table, host=host, now=micros,
            knobs=tuning.profiles, relay=self.profiles.relay,
        )  # fmt: skip
        self.preferences = Preferences(
            store, directory, exchange, identity=identity, table=table, now=micros,
            host=Preferred(host, self._preferred), knobs=tuning.profiles,
            tariff_for=tariff_for,
        )  # fmt: skip
        self.commands = Commands(
            store, directory, exchange, identity=identity, router=router, table=table, now=micros,
            knobs=tuning.commands,
        )  # fmt: skip
        self.packaged.with_commands(self.commands)
        self.orders = Orders(
            store, directory, exchange, identity=identity, table=table, host=host, now=micros,
            knobs=tuning.commands, attended=host.attended, exempt=self.authorizer.exempt,
            on_reserved=self._reserved, on_reservation_over=self._reservation_over,
        )  # fmt: skip
        self._jobs: list[asyncio.Task[None]] = []

    def handlers(self) -> Mapping[str, Answering]:
        """By the names that the table gives them."""
        found: dict[str, Answering] = dict(self.deciding.handlers())
        found.update(self.packaged.handlers())
        for part in (self.commands, self.orders, self.profiles, self.steering, self.preferences):
            found.update(part.handlers())
        return found

    def prompt(self) -> Mapping[str, Prompt]:
        """The short ways of some of them."""
        return self.deciding.prompt()

    def start(self) -> None:
        """Begin to do what becomes due: time-outs, results, reservations that end."""
        looks: Mapping[str, Callable[[], Awaitable[object]]] = {
            "commands": self.commands.look,
            "orders": self.orders.look,
            "profiles": self.profiles.look,
            "steering": self.steering.look,
            "charging": self._look_at_charging,
        }
        knobs = Knobs()
        for name, look in looks.items():
            job = supervise(name, partial(_for_ever, look), knobs)
            self._jobs.append(asyncio.create_task(job, name=name))

    async def close(self) -> None:
        """End the jobs; what partners were promised is settled first, or after the next start."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await self.orders.close()
        await self.steering.close()
        await self.profiles.close()
        await self.authorizations.close()

    async def _look_at_charging(self) -> None:
        """One process at a time."""
        if await self._store.lease("charging", self._holder, 10 * LOOK):
            await self.charging.look()

    async def _preferred(self, wish: Wish) -> None:
        """What the driver prefers may have a tariff of its own (OCPI 2.2.1 §mod_tariffs)."""
        with contextlib.suppress(CallerError):  # the host keeps the sessions itself
            await self.charging.prefer(
                wish.session_id, wish.preferences.profile_type, self._moment()
            )

    async def _reserved(self, order: Order) -> str | None:
        """A reservation is a session from its first moment (SES-FLOW-06)."""
        body = order.body
        if not isinstance(body, ReserveNow):
            return None
        return await self.charging.reserved(
            location_id=body.location_id,
            evse_uid=body.evse_uid,
            token=body.token,
            at=self._moment(),
            until=body.expiry_date,
            authorization_reference=body.authorization_reference,
            order_id=f"{RESERVED}{order.charger_reservation}",
            operator=order.operator,
        )

    async def _arrived(self, charge: Charge) -> None:
        """Who charges has no reservation any more; a host may have reserved without an order."""
        number = (charge.order_id or "").removeprefix(RESERVED)
        if number.isdecimal():
            with contextlib.suppress(NotFound):
                await self.orders.reservation_used(int(number))

    async def _reservation_over(self, order: Order, why: Ending) -> None:
        """Nobody came; a driver who did charges on (SES-FLOW-09)."""
        outcome = OUTCOMES.get(why)
        if outcome is None or order.session_id is None:
            return
        charge = await self.charging.find(order.session_id)
        if charge is not None and charge.status is SessionStatus.RESERVATION:
            await self.charging.reservation_over(order.session_id, outcome, self._moment())


class Preferred(Unattended):
    """Asks the host about a driver's preferences and hears what it agreed to."""

    def __init__(self, host: Host, agreed: Callable[[Wish], Awaitable[None]]) -> None:
        self._host = host
        self._agreed = agreed

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        answer = await self._host.prefer(wish)
        if answer is ChargingPreferencesResponse.ACCEPTED:
            await self._agreed(wish)
        return answer


async def _for_ever(look: Callable[[], Awaitable[object]]) -> None:
    while True:
        await look()
        await asyncio.sleep(LOOK)


def _now() -> datetime:
    return from_micros(micros())
