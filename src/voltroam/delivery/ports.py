"""What delivery is handed: the far ends and the clock, as plain callables and protocols."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Endpoint
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import NOTHING, Reply, Routing

Now = Callable[[], int]
"""Microseconds since 1970 UTC."""


class Calls(Protocol):
    """The part of `roaming.exchange.Exchange` that we use; it raises the PartnerError family."""

    async def call(
        self,
        platform: Platform,
        endpoint: Endpoint,
        *,
        keys: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
        routing: Routing = ...,
        url: str | None = None,
        correlation_id: str = "",
    ) -> Reply: ...

    def pages(
        self,
        platform: Platform,
        endpoint: Endpoint,
        *,
        query: Mapping[str, str] = NOTHING,
        routing: Routing = ...,
    ) -> AsyncIterator[Sequence[bytes]]: ...


class Platforms(Protocol):
    """The part of `roaming.directory.Directory` that delivery uses."""

    async def all(self) -> tuple[Platform, ...]: ...

    async def platform(self, platform_id: str) -> Platform | None: ...

    async def update(
        self, platform_id: str, change: Callable[[Platform], Platform]
    ) -> Platform | None: ...

    def last_contact(self, platform_id: str) -> int | None:
        """When this process last heard of it (µs)."""
        ...

    async def behind(self, hub: Platform, roles: Iterable[Role]) -> tuple[PartyId, ...]: ...
