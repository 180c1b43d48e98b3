"""The demo on a machine without a terminal: two real nodes, one summary, nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

DEMO = [sys.executable, "-m", "voltroam", "demo", "--locations", "40", "--json"]


def processes_in(folder: Path) -> list[int]:
    """Processes whose environment names this folder as their temporary one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={folder}".encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def test_the_summary_says_that_both_sides_are_equal(tmp_path: Path) -> None:
    """In 2.3.0 with bookings and card payments; the other demos speak 2.2.1."""
    done = subprocess.run(
        [*DEMO, "--modern", "--seconds", "8"],
        capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    summary = json.loads(done.stdout)
    assert summary["equal"] is True
    assert summary["errors"] == 0
    assert sum(summary["bookings"].values()) > 0
    assert set(summary) >= {"payments", "confirmations", "invoices"}
    assert summary["objects"]["locations"] == {"cpo": 40, "emsp": 40}
    assert summary["objects"]["sessions"]["emsp"] > 0
    assert summary["commands"]["sent"] > 0
    assert set(summary["urls"]) == {"cpo", "emsp"}
    assert list(tmp_path.iterdir()) == []


def test_a_hub_connects_three_cities_and_three_fleets_of_drivers(tmp_path: Path) -> None:
    """Each eMSP calls CPOs that it never registered with, and all is equal at the end."""
    done = subprocess.run(
        [sys.executable, "-m", "voltroam", "demo", "--hub", "--locations", "12", "--seconds", "5",
         "--json"],
        capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    summary = json.loads(done.stdout)
    assert summary["equal"] is True
    pairs = {(call["from"], call["to"]) for call in summary["calls"]}
    cpos, emsps = {"NL/NOD", "BE/VOL", "DE/STR"}, {"DE/MOV", "FR/ECA", "NL/PLU"}
    assert {(party, "EU/HUB") for party in cpos | emsps} <= pairs
    assert {one for one, to in pairs if to in emsps} & cpos
    assert {to for one, to in pairs if one in emsps} & cpos
    assert summary["objects"]["locations"] == dict.fromkeys(("noda", "volta", "strom"), 4) | (
        dict.fromkeys(("movia", "ecar", "plug"), 12)
    )
    assert set(summary["urls"]) == {"hub", "noda", "volta", "strom", "movia", "ecar", "plug"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
def test_the_shown_line_works_until_ctrl_c_ends_everything(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [*DEMO, "--seconds", "300"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)}, start_new_session=True,
    )  # fmt: skip
    try:
        assert demo.stderr is not None
        shown = next((line for line in demo.stderr if line.startswith("curl")), "")
        _, header, _, url, *_ = shown.split("'")
        name, value = header.split(": ", 1)
        with urlopen(Request(url, headers={name: value}), timeout=10) as response:
            assert json.load(response)["status_code"] == 1000
        start, watch = (next(demo.stderr).split() for _ in range(2))
        assert (start[0], watch[0]) == ("voltroam", "voltroam")
        run = [sys.executable, "-m", *start]
        begun = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
        told = json.loads(begun.stdout)
        assert told["settled"], told  # whatever the charger said: faults are part of the city
        session = told.get("session_id") or "NONE"
        run = [sys.executable, "-m", *watch[:-1], session, "--seconds", "1"]
        seen = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
        assert session == "NONE" or session in seen.stdout
        assert len(processes_in(tmp_path)) == 3
        time.sleep(1)
        demo.send_signal(signal.SIGINT)
        out, _ = demo.communicate(timeout=60)
        assert set(json.loads(out)) >= {"equal", "objects", "pushes", "errors", "urls"}
        assert processes_in(tmp_path) == []
        assert list(tmp_path.iterdir()) == []
    finally:
        for pid in processes_in(tmp_path):
            os.kill(pid, signal.SIGKILL)
