"""What the figures were measured on: processor, disk and the versions of what took part."""

import os
import platform
import tempfile
import time
from pathlib import Path


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def fsyncs_per_second(folder: Path, seconds: float = 1.0) -> float:
    """Durable appends of 4 kB per second where the databases will be."""
    block = os.urandom(4096)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            count += 1
        return count / spent


def describe(folder: Path) -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "fsyncs per second": f"{fsyncs_per_second(folder):.0f}",
    }
