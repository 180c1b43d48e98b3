"""The HTTP client and nothing else: `python -m bench.client_alone PORT PARTNERS COUNT CONCURRENCY`.

The same PATCH to the same receivers from the same core: the bound of what lanes can push.
"""

import asyncio
import sys
import time

from bench import receivers
from bench.node import signed

from voltroam.transport.curl_sender import CurlSender
from voltroam.transport.guard import Checked
from voltroam.wire.call import Request

BODY = b'{"status":"CHARGING","last_updated":"2026-07-01T10:00:00.000Z"}'
PATH = "/2.2.1/receiver/locations/BE/NOD/LOC1/3256"


async def send(port: int, partners: int, count: int, concurrency: int) -> float:
    sender = CurlSender()
    headers = {name.lower(): value for name, value in signed("x" * 32, ("BE", "NOD")).items()}

    async def one_lane(number: int, left: list[int]) -> None:
        host = receivers.host(number)
        url = f"http://{host}:{port}{PATH}"
        to = Checked(url, "http", host, port, (host,))
        request = Request("PATCH", url, headers, BODY)
        while left[0] > 0:
            left[0] -= 1
            response = await sender.send(request, to, timeout=15, limit=1 << 20)
            assert response.status == 200

    shares = [[count // partners] for _ in range(partners)]
    begin = time.perf_counter()
    await asyncio.gather(
        *(one_lane(n, shares[n]) for n in range(partners) for _ in range(concurrency))
    )
    spent = time.perf_counter() - begin
    await sender.close()
    return sum(count // partners for _ in shares) / spent


def main() -> None:
    from uvloop import run

    print(run(send(*map(int, sys.argv[1:5]))))


if __name__ == "__main__":
    main()
