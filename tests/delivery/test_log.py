"""Delivery speaks where logs are set up and is silent elsewhere."""

import subprocess
import sys

import structlog

from voltroam.delivery.log import Log


def test_a_line_has_its_level_and_its_facts() -> None:
    with structlog.testing.capture_logs() as lines:
        Log("voltroam.some").warning("it happened", partner="p1")
        try:
            raise ValueError("why")
        except ValueError:
            Log("voltroam.some").exception("it failed")
    structlog.reset_defaults()  # capturing leaves them set, and other tests' stdout is theirs
    assert lines[0] == {"event": "it happened", "partner": "p1", "log_level": "warning"}
    assert (lines[1]["event"], lines[1]["exc_info"]) == ("it failed", True)


def test_a_process_without_logs_writes_nothing_and_loads_nothing() -> None:
    script = (
        "import sys; from voltroam.delivery.log import Log; Log('voltroam.x').error('no');"
        " sys.exit('structlog' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_process_that_set_up_no_logs_keeps_its_stdout() -> None:
    script = (
        "import structlog; from voltroam.delivery.log import Log; Log('voltroam.x').error('no')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
