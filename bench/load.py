"""The load: what is asked, by wrk where it is installed, else by raw sockets of our own.

Writes differ from request to request (object, status, `last_updated` rising), for a server that
knows that nothing changed would have it easier than it should.
"""

import asyncio
import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.documents import OWNER, dumps, location

LOCATIONS = 1000
EVSES = 10


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request. `@N` stands for the object's number, `@T` for a rising time."""

    name: str
    method: str
    path: str
    """Below the URL that the server gives for `interface`."""
    interface: str
    body: bytes = b""
    connections: int = 32


_PUT_BODY = dumps(location(0) | {"id": "LOC@N", "last_updated": "@T"})
PAGE = Work("GET page of 50", "GET", "?offset=0&limit=50", "SENDER", connections=8)
PUT = Work("PUT location", "PUT", f"/{'/'.join(OWNER)}/LOC@N", "RECEIVER", _PUT_BODY)
PATCH = Work(
    "PATCH EVSE status", "PATCH", f"/{'/'.join(OWNER)}/LOC@N/@E", "RECEIVER",
    b'{"status":"@S","last_updated":"@T"}',
)  # fmt: skip
AUTHORIZE = Work(
    "POST token authorize", "POST", "/TOK@N/authorize", "TOKENS",
    b'{"location_id":"LOC@N","evse_uids":["3256"]}',
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    per_second: float
    p50: float
    """Milliseconds."""
    p99: float
    errors: int
    """Answers other than 2xx, and broken connections."""


@dataclass(slots=True)
class Clock:
    """Times that only rise, a millisecond a request, beginning an hour ago."""

    millis: int

    @classmethod
    def start(cls) -> "Clock":
        return cls(int((time.time() - 3600) * 1000))

    def take(self, seconds: float) -> int:
        """A first millisecond with room for a run of so many seconds."""
        first = self.millis
        self.millis += int(seconds * 40_000)
        return first


def run(
    work: Work, url: str, headers: Mapping[str, str], seconds: float, clock: Clock, folder: Path,
    *, core: int | None = 1, locations: int = LOCATIONS,
) -> Result:  # fmt: skip
    """Send as fast as the server answers."""
    first = clock.take(seconds)
    if shutil.which("wrk"):
        return _wrk(work, url, headers, seconds, first, folder, core, locations)
    return asyncio.run(_raw(work, url, headers, seconds, first, core, locations))


# --- wrk ---

_LUA = """
-- Built once: for each object the request up to its time. What is left per request is one join.
local fields, crlf = "%(fields)s", "\\r\\n"
local body, path, method = [==[%(body)s]==], "%(path)s", "%(method)s"
local n, millis, locations, evses = 0, %(first)d, %(locations)d, %(evses)d
local cut = string.find(body, "@T", 1, true)
local function head(p, length)
  local length_field = length > 0 and "Content-Length: " .. length .. crlf or ""
  return method .. " " .. p .. " HTTP/1.1" .. crlf .. fields .. length_field .. crlf
end
local numbered = string.find(path, "@N", 1, true)
local fixed = not cut and not numbered and head(path, #body) .. body or nil
local tail = cut and string.sub(body, cut + 2) or nil
local starts = {}
local function start(number, evse, status)
  local key = (number * 16 + evse) * 2 + status
  local found = starts[key]
  if found then return found end
  local p = string.gsub(path, "@N", tostring(number))
  p = string.gsub(p, "@E", tostring(3256 + evse))
  local b = string.sub(body, 1, cut - 1)
  b = string.gsub(b, "LOC@N", "LOC" .. number)
  b = string.gsub(b, "@S", status == 0 and "CHARGING" or "RESERVED")
  found = head(p, #b + 24 + #tail) .. b
  starts[key] = found
  return found
end
local wholes = {}
local function whole(number)
  local found = wholes[number]
  if found then return found end
  local p = string.gsub(path, "@N", tostring(number))
  local b = string.gsub(body, "@N", tostring(number))
  found = head(p, #b) .. b
  wholes[number] = found
  return found
end
local second, text = 0, ""
request = function()
  if fixed then return fixed end
  n = n + 1
  if not cut then return whole((n * 7919) %% locations) end
  local at = millis + n
  local s = math.floor(at / 1000)
  if s ~= second then second, text = s, os.date("!%%Y-%%m-%%dT%%H:%%M:%%S.", s) end
  local varied = string.find(path, "@E", 1, true) and n %% evses or 0
  local status = math.floor(n / locations) %% 2
  return start((n * 7919) %% locations, varied, status)
    .. text .. string.format("%%03dZ", at %% 1000) .. tail
end
"""


def _wrk(
    work: Work, url: str, headers: Mapping[str, str], seconds: float, first: int, folder: Path,
    core: int | None, locations: int,
) -> Result:  # fmt: skip
    parts = urlsplit(url)
    named = {"Host": parts.netloc, **headers}
    fields = "".join(f"{name}: {value}\\r\\n" for name, value in named.items())
    script = folder / "load.lua"
    script.write_text(
        _LUA
        % {
            "fields": fields,
            "body": work.body.decode(),
            "path": parts.path + (f"?{parts.query}" if parts.query else "") + work.path,
            "method": work.method,
            "first": first,
            "evses": EVSES,
            "locations": locations,
        }
    )
    command = ["wrk", "-t1", f"-c{work.connections}", f"-d{seconds:.0f}s", "--latency"]
    command += ["--timeout", "30s", "-s", str(script), f"http://{parts.netloc}/"]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _read_wrk(out)


def _read_wrk(out: str) -> Result:
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}

    def quantile(which: str) -> float:
        found = re.search(which + r"%\s+([\d.]+)(us|ms|s|m)", out)
        return float(found[1]) * units[found[2]] if found else float("nan")

    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", out)
    errors = int(bad[1]) if bad else 0
    errors += sum(int(count) for count in broken.groups()) if broken else 0
    return Result(float(rate[1]) if rate else 0.0, quantile("50"), quantile("99"), errors)


# --- raw sockets ---


def _requests(
    work: Work, url: str, headers: Mapping[str, str], first: int, locations: int
) -> Callable[[], bytes]:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "") + work.path
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    count = 0

    def make() -> bytes:
        nonlocal count
        count += 1
        seconds, millis = divmod(first + count, 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{millis:03d}Z"
        number = str(count * 7919 % locations)
        status = b"CHARGING" if count // locations % 2 == 0 else b"RESERVED"
        body = work.body.replace(b"@N", number.encode()).replace(b"@T", stamp.encode())
        body = body.replace(b"@S", status)
        target = path.replace("@N", number).replace("@E", str(3256 + count % EVSES))
        head = f"{work.method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fields}"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return make


async def _raw(
    work: Work, url: str, headers: Mapping[str, str], seconds: float, first: int,
    core: int | None, locations: int,
) -> Result:  # fmt: skip
    if core is not None:
        os.sched_setaffinity(0, {core})
    make = _requests(work, url, headers, first, locations)
    parts = urlsplit(url)
    times: list[float] = []
    errors = 0
    end = time.perf_counter() + seconds

    async def connection() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 22)
        while time.perf_counter() < end:
            begin = time.perf_counter()
            writer.write(make())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            times.append(time.perf_counter() - begin)
            errors += not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201"))
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(work.connections)))
    spent = time.perf_counter() - begin
    cuts = statistics.quantiles(times, n=100)
    return Result(len(times) / spent, cuts[49] * 1e3, cuts[98] * 1e3, errors)
