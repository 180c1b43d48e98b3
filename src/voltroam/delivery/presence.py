"""OFFLINE and back: a partner's status as our own calls, and its own, show it."""

from collections.abc import Awaitable, Callable

from msgspec import structs

from voltroam.delivery.ports import Platforms
from voltroam.roaming.platforms import Platform, Status


class Presence:
    """Moves a platform between CONNECTED and OFFLINE and touches no other status."""

    def __init__(self, platforms: Platforms, returned: Callable[[str], Awaitable[None]]) -> None:
        self._platforms = platforms
        self._returned = returned

    async def offline(self, platform_id: str) -> None:
        await self._move(platform_id, Status.CONNECTED, Status.OFFLINE)

    async def connected(self, platform_id: str) -> None:
        """It answered or called: what we missed is fetched (CORE-OFF-02)."""
        if await self._move(platform_id, Status.OFFLINE, Status.CONNECTED):
            await self._returned(platform_id)

    async def _move(self, platform_id: str, before: Status, after: Status) -> bool:
        moved = False

        def change(platform: Platform) -> Platform:
            nonlocal moved
            moved = platform.status is before
            return structs.replace(platform, status=after) if moved else platform

        await self._platforms.update(platform_id, change)
        return moved
