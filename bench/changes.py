"""A steady trickle of status changes: `python -m bench.changes CONFIG RATE SECONDS LOCATIONS`.

Each line is stamped when it is handed to the node's own way in, so that what a partner sees later
gives the age of the news, commit included.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.documents import dumps

from voltroam.holdings import Holdings
from voltroam.settings import read_settings


async def trickle(config: Path, rate: float, seconds: float, locations: int) -> int:
    holdings = await Holdings.open(read_settings(config), config.parent)
    begin, count = time.perf_counter(), 0
    try:
        while time.perf_counter() - begin < seconds:
            count += 1
            await asyncio.sleep(max(0.0, begin + count / rate - time.perf_counter()))
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            line = {
                "location_id": f"LOC{count % locations}",
                "evse_uid": str(3256 + count // locations % 10),
                "status": "CHARGING" if count // (10 * locations) % 2 == 0 else "RESERVED",
                "last_updated": stamp,
            }
            await holdings.keep_status(dumps(line))
    finally:
        await holdings.close()
    return count


def main() -> None:
    config, rate, seconds, locations = sys.argv[1:5]
    print(asyncio.run(trickle(Path(config), float(rate), float(seconds), int(locations))))


if __name__ == "__main__":
    main()
