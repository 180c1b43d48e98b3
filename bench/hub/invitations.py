"""Registration tokens for many: `python -m bench.hub.invitations CONFIG COUNT` prints them."""

import asyncio
import json
import sys
from pathlib import Path

from voltroam.node import Node
from voltroam.settings import read_settings


async def invitations(config: Path, count: int) -> list[str]:
    node = await Node.open(read_settings(config), config.parent)
    try:
        return [(await node.registration.invite(f"p{number}")).token for number in range(count)]
    finally:
        await node.close()


def main() -> None:
    print(json.dumps(asyncio.run(invitations(Path(sys.argv[1]), int(sys.argv[2])))))


if __name__ == "__main__":
    main()
