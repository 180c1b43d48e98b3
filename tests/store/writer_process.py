"""A process of its own that writes: `writer_process.py URL NAME COUNT`.

It prints a line for each acknowledged write, after the acknowledgement.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.store.changes import count_up, draft, put

from voltroam.store.open import open_store


async def main(url: str, name: str, count: int) -> None:
    store = await open_store(url)
    numbers = iter(range(count))

    async def write() -> None:
        for number in numbers:
            await store.apply(put(draft(f"{name}-{number}", f'"{name}"'.encode())))
            await store.apply(count_up("shared"))
            sys.stdout.write(f"{name}-{number}\n")
            sys.stdout.flush()

    await asyncio.gather(*[write() for _ in range(8)])
    await store.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
