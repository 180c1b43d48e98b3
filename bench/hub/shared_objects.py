"""What a party gave a hub, written at once: `… -m bench.hub.shared_objects CONFIG COUNT STAMP`.

As broadcasts of platform p0 are kept, without their HTTP: a day of changes in seconds.
"""

import asyncio
import sys
from pathlib import Path

from bench.documents import dumps
from bench.hub.stage import small

from voltroam.node import Node
from voltroam.roaming.accept import accept
from voltroam.settings import read_settings
from voltroam.standard.endpoints import LOCATION
from voltroam.standard.versions import V2_2_1


async def write(config: Path, count: int, stamp: str) -> None:
    node = await Node.open(read_settings(config), config.parent)
    try:
        source = await node.holdings.directory.by_name("p0")
        assert source is not None
        numbers = iter(range(count))

        async def some() -> None:
            for number in numbers:
                change = accept(
                    LOCATION, dumps(small(number, stamp)), version=V2_2_1, source=source,
                    identity=node.holdings.identity, strict=False,
                )  # fmt: skip
                await node.store.apply(change)

        await asyncio.gather(*(some() for _ in range(200)))
    finally:
        await node.close()


def main() -> None:
    asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))


if __name__ == "__main__":
    main()
