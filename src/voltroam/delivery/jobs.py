"""Background work that never ends by itself, and work that only one process may do."""

import asyncio
from collections.abc import Awaitable, Callable

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log

log = Log("voltroam.jobs")


async def supervise(name: str, job: Callable[[], Awaitable[None]], knobs: Knobs) -> None:
    """Runs a job; what it raises is logged and it begins again after a growing pause.

    The pause is short again for a job that worked longer than it had paused: faults that come now
    and then must not add up.
    """
    pause = knobs.job_restart
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await job()
        except Exception:
            log.exception("job failed", job=name)
        if asyncio.get_running_loop().time() - began > pause:
            pause = knobs.job_restart
        await asyncio.sleep(pause)
        pause = min(2 * pause, knobs.job_restart_limit)
