"""What an operator sets: `voltroam.toml`, and `VOLTROAM_*` variables that win over it.

A nested key is `VOLTROAM_LIMITS__BODY_BYTES`. The secret key is never a setting: it comes from
`VOLTROAM_SECRET_KEY` or from `secret.key` beside the file, so that settings can be shown.
"""

import base64
import json
import os
import secrets
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin, get_type_hints
from urllib.parse import quote, unquote, urlsplit

import msgspec
from msgspec import Meta

from voltroam.simulator.world.knobs import WorldKnobs
from voltroam.standard.versions import VERSIONS, Version

FILE_NAME = "voltroam.toml"
SECRET_FILE = "secret.key"  # noqa: S105
SQLITE = "sqlite:///"
PREFIX = "VOLTROAM_"
WORLD = "world"
"""The host that is the charger world."""


class SettingsError(Exception):
    """The settings cannot be used; the message says which one and what to do."""


Count = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1, max_length=100)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds of what one partner may ask of the node."""

    body_bytes: Annotated[int, Meta(ge=1_000)] = 5_000_000
    rate: Annotated[float, Meta(gt=0)] | None = None
    """Requests per second per partner; more are answered with 429."""
    queue: Count = 2_000
    """Writes that may wait for their commit; more are answered with 429."""


class Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objects on one page of a list (OCPI 2.2.1 §transport, pagination)."""

    default: Count = 100
    maximum: Count = 1_000


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which addresses the node calls when a partner names them."""

    allow_http: bool = False
    """Without TLS; never true on the open Internet."""
    allow_loopback: bool = False
    allow_private: bool = False


class OperatorApi(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """REST for the company's own people and systems, below `<url>/operator/`."""

    enabled: bool = True
    """False: not served at all, and commands that act on a running node cannot."""
    rate: Annotated[float, Meta(gt=0)] = 200.0
    """Requests per second and key, an equal part of it in each process; then 429."""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files in PEM, relative to the settings file."""

    certificate: str | None = None
    """What we serve with; without it a proxy in front does TLS."""
    key: str | None = None
    client_authorities: str | None = None
    """Whose client certificates we accept; None: none are asked for."""
    authorities: str | None = None
    """Trusted beside the system's when we call partners."""
    client_certificate: str | None = None
    """What we show to partners that ask for one."""
    client_key: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of one node; unknown keys are refused so that a typing mistake shows."""

    name: Text
    url: str
    """Public base URL; versions are at `<url>/ocpi/versions`."""
    parties: Annotated[list[str], Meta(min_length=1)]
    """`CC/PID/ROLE`, e.g. `NL/ABC/CPO`."""
    versions: tuple[Literal["2.1.1", "2.2.1", "2.3.0"], ...] = ("2.2.1",)
    """OCPI versions that this node speaks."""
    database: str = f"{SQLITE}voltroam.db"
    listen: str | None = None
    """`host:port` to serve on, when it is not that of the URL (behind a proxy)."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    strict: bool = False
    """Refuse partners' objects that are against the standard, not only unusable ones."""
    client: Literal["curl", "aiohttp"] = "curl"
    """The HTTP client."""
    required_modules: list[str] = []
    """Modules without which a registration fails."""
    modules: list[str] = []
    """Rows of modules of our own, `python_module:NAME`; see docs/howto/own-module.md."""
    host: str | None = None
    """Our own systems: `world` or `python_module:NAME`; see docs/howto/live-charging.md."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text on a terminal, else JSON."""
    website: str | None = None
    limits: Limits = Limits()
    pages: Pages = Pages()
    network: Network = Network()
    tls: Tls = Tls()
    operator: OperatorApi = OperatorApi()
    invoices: bool = False
    """Serve the invoices of drivers who paid at terminals, below `<url>/invoices/`."""
    world: WorldKnobs = WorldKnobs()
    """The charger world, where it is the host."""
    profile: dict[str, str | bool | int | float] = {}
    """How new partners are treated unless their own profile says otherwise."""
    authorization: dict[str, Any] = {}
    """Tables of their own, read by `tuning.py` when a part needs them."""
    charging: dict[str, Any] = {}
    commands: dict[str, Any] = {}
    hub: dict[str, Any] = {}
    profiles: dict[str, Any] = {}
    retention: dict[str, Any] = {}
    webhooks: dict[str, Any] = {}

    @property
    def spoken(self) -> tuple[Version, ...]:
        """The versions as records, lowest first."""
        chosen = {VERSIONS[number] for number in self.versions}
        return tuple(sorted(chosen, key=lambda version: version.rank))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on: those of `listen`, else of the URL."""
        parts = urlsplit(f"//{self.listen}" if self.listen else self.url)
        default = 443 if urlsplit(self.url).scheme == "https" else 80
        return parts.hostname or "127.0.0.1", parts.port or default


def _from_environment(shape: type, prefix: str, given: Mapping[str, str]) -> dict[str, Any]:
    """What the variables say about a struct's fields; lists are written `a,b`."""
    found: dict[str, Any] = {}
    for field, hint in get_type_hints(shape).items():
        name = f"{prefix}{field.upper()}"
        origin = get_origin(hint)
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            found[field] = _from_environment(hint, f"{name}__", given)
        elif origin is dict:
            start = f"{name}__"
            keys = [key for key in given if key.startswith(start)]
            found[field] = {key.removeprefix(start).lower(): given[key] for key in keys}
        elif name in given and origin in (list, tuple):
            found[field] = [piece.strip() for piece in given[name].split(",") if piece.strip()]
        elif name in given:
            found[field] = given[name]
    return {field: value for field, value in found.items() if value != {}}


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The file's values with the variables' on top, table by table."""
    merged = dict(below)
    for key, value in above.items():
        held = merged.get(key)
        nested = isinstance(value, dict) and isinstance(held, dict)
        merged[key] = _over(dict(held or {}), value) if nested else value
    return merged


def _check(settings: Settings) -> None:
    """What types cannot say. Raises ValueError."""
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError("`url` must be http(s)://host[:port][/prefix]")
    for text in settings.parties:
        split_party(text)
    roles = [text.rpartition("/")[2].strip().upper() for text in settings.parties]
    if "HUB" in roles and len(roles) > 1:
        raise ValueError("`parties`: a hub is one party with the role HUB and has no other role")
    if settings.pages.default > settings.pages.maximum:
        raise ValueError("`pages.default` is more than `pages.maximum`")
    if settings.host == WORLD and settings.workers > 1:
        raise ValueError("`host` is the charger world, which lives in one process: `workers` is 1")
    if settings.address[1] > 65_535:
        raise ValueError("`listen` must be host:port")


def split_party(text: str) -> tuple[str, str, str]:
    """`NL/ABC/CPO` as country code, party id and role; ValueError says what is wrong."""
    pieces = text.split("/")
    if len(pieces) != 3:
        raise ValueError(f"`{text}` is no party: write CC/PID/ROLE, for example NL/ABC/CPO")
    country, party, role = (piece.strip().upper() for piece in pieces)
    if len(country) != 2 or not country.isalpha():
        raise ValueError(f"`{text}`: the country code has two letters")
    if len(party) != 3 or not party.isascii() or not party.isalnum():
        raise ValueError(f"`{text}`: the party id has three letters or digits")
    if role not in ROLES:
        raise ValueError(f"`{text}`: the role is one of {', '.join(ROLES)}")
    return country, party, role


ROLES = ("CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "PTP", "SCSP")
"""Of credentials (OCPI 2.2.1 §types, Role enum); spelled here to keep start-up short."""


def read_settings(file: Path) -> Settings:
    """The settings of a file and of the environment. Raises SettingsError, one sentence."""
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no settings file {file}; make one with `voltroam init DIR`,"
            " or name it with -c FILE or VOLTROAM_CONFIG."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {file} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.") from None
    values = _over(values, _from_environment(Settings, PREFIX, os.environ))
    try:
        settings = msgspec.convert(values, Settings, strict=False)
        settings = msgspec.structs.replace(settings, url=settings.url.rstrip("/"))
        _check(settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {_sentence(str(error))}") from None
    except ValueError as error:
        raise SettingsError(f"{file}: {error}.") from None
    database = settings.database
    if database.startswith(SQLITE):
        place = (file.parent / unquote(database.removeprefix(SQLITE))).absolute()
        return msgspec.structs.replace(settings, database=f"{SQLITE}{quote(str(place))}")
    return settings


def _sentence(fault: str) -> str:
    """`Expected `int` >= 1 - at `$.workers`` as a sentence that begins with the key."""
    what, _, where = fault.partition(" - at `$.")
    if what.startswith("Object contains unknown field"):
        key = ".".join(piece for piece in (where.rstrip("`"), what.split("`")[1]) if piece)
        return f"`{key}` is no setting; docs/reference/settings.md has the names."
    if what.startswith("Invalid enum value"):
        what += "; docs/reference/settings.md has the values"
    return f"`{where.rstrip('`')}`: {what}." if where else f"{what}."


def read_secret_keys(directory: Path) -> list[bytes]:
    """Master keys, the one in use first: `VOLTROAM_SECRET_KEY`, else the lines of `secret.key`."""
    text = os.environ.get("VOLTROAM_SECRET_KEY")
    source = "VOLTROAM_SECRET_KEY"
    if text is None:
        file = directory / SECRET_FILE
        source = str(file)
        try:
            text = file.read_text("ascii")
        except FileNotFoundError:
            raise SettingsError(
                f"There is no secret key: restore {file}, or set VOLTROAM_SECRET_KEY."
            ) from None
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"The secret key {file} cannot be read.") from None
    keys = [_decode_key(line, source) for line in text.replace(",", "\n").split()]
    if not keys:
        raise SettingsError(f"{source} is empty; it must hold 32 bytes in Base64.")
    return keys


def _decode_key(text: str, source: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise SettingsError(f"{source} must hold 32 bytes in URL-safe Base64.") from None
    if len(key) < 32:
        raise SettingsError(f"{source} is too short: it must hold 32 bytes in URL-safe Base64.")
    return key


def write_secret_key(directory: Path) -> None:
    """Make a new `secret.key` that only its owner can read; an existing one is kept."""
    file = directory / SECRET_FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as opened:
        opened.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def write_settings(
    directory: Path, *, name: str, url: str, parties: list[str], database: str | None
) -> Path:
    """Write a first `voltroam.toml`. Raises SettingsError if there is one already."""
    lines = [
        "# Settings of a voltroam node; every key can also be a VOLTROAM_* variable.",
        f"name = {_quoted(name)}",
        "# Where partners reach us; our versions are at <url>/ocpi/versions.",
        f"url = {_quoted(url)}",
        f"parties = [{', '.join(_quoted(party) for party in parties)}]",
        "# A SQLite path is relative to this file; postgresql://user:password@host/name works too.",
        f"database = {_quoted(database or SQLITE + 'voltroam.db')}",
        "",
        "[network]",
        "# Partners without TLS, on this machine or in private networks: called only if allowed.",
        f"allow_http = {str(url.startswith('http:')).lower()}",
        f"allow_loopback = {str(is_loopback(url)).lower()}",
        "allow_private = false",
        "",
    ]
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / FILE_NAME
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(f"{file} exists already; choose another folder or remove it.") from None
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write("\n".join(lines))
    return file


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are valid TOML."""
    return json.dumps(text, ensure_ascii=False)
