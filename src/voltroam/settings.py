"""What an operator sets: `voltroam.toml`, and `VOLTROAM_*` variables that win over it.

A nested key is `VOLTROAM_LIMITS__BODY_BYTES`. The secret key is never a setting: it comes from
`VOLTROAM_SECRET_KEY` or from `secret.key` beside the file, so that settings can be shown.
"""

import base64
import json
import os
import secrets
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

FILE_NAME = "voltroam.toml"
SECRET_FILE = "secret.key"  # noqa: S105
SQLITE = "sqlite:///"


class SettingsError(Exception):
    """The settings cannot be used; the message says which one and what to do."""


def _text_list(value: object) -> object:
    """Variables give lists as `a,b`; the file gives real lists."""
    if isinstance(value, str):
        return [piece.strip() for piece in value.split(",") if piece.strip()]
    return value


TextList = Annotated[list[str], BeforeValidator(_text_list)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Table):
    """Bounds of what one partner may ask of the node."""

    body_bytes: int = Field(5_000_000, ge=1_000)
    json_depth: int = Field(64, ge=8)
    rate: float | None = Field(None, gt=0)
    """Requests per second per partner; more are answered with 429."""
    queue: int = Field(2_000, ge=1)
    """Writes that may wait for their commit; more are answered with 429."""


class Pages(_Table):
    default: int = Field(100, ge=1)
    maximum: int = Field(1_000, ge=1)


class Network(_Table):
    """Which addresses the node calls when a partner names them."""

    allow_http: bool = False
    """Without TLS; never true on the open Internet."""
    allow_loopback: bool = False
    allow_private: bool = False


class Tls(_Table):
    """Files in PEM: what we serve with, whom we trust, what we show to partners."""

    certificate: Path | None = None
    key: Path | None = None
    trusted: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None


class Settings(BaseSettings):
    """All settings of one node; unknown keys are refused so that a typing mistake shows."""

    model_config = SettingsConfigDict(
        env_prefix="VOLTROAM_",
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
    )

    name: str = Field(min_length=1, max_length=100)
    url: str
    """Public base URL; versions are at `<url>/ocpi/versions`."""
    parties: TextList = Field(min_length=1)
    """`CC/PID/ROLE`, e.g. `NL/ABC/CPO`."""
    database: str = f"{SQLITE}voltroam.db"
    listen: str | None = None
    """`host:port` to serve on, when it is not that of the URL (behind a proxy)."""
    workers: int = Field(1, ge=1, le=64)
    strict: bool = False
    """Refuse partners' objects that are against the standard, not only unusable ones."""
    client: Literal["auto", "pyreqwest", "aiohttp"] = "auto"
    """The HTTP client; `auto` takes the fastest that works here."""
    required_modules: TextList = []
    """Modules without which a registration fails."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"
    website: str | None = None
    limits: Limits = Limits()
    pages: Pages = Pages()
    network: Network = Network()
    tls: Tls = Tls()
    profile: dict[str, str | bool | int | float] = {}
    """How new partners are treated unless their own profile says otherwise."""

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError("must be http(s)://host[:port][/prefix]")
        return value.rstrip("/")

    @field_validator("parties")
    @classmethod
    def _parties(cls, value: list[str]) -> list[str]:
        for text in value:
            split_party(text)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables before the file, and nothing else."""
        return env_settings, init_settings

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on: those of `listen`, else of the URL."""
        parts = urlsplit(f"//{self.listen}" if self.listen else self.url)
        default = 443 if urlsplit(self.url).scheme == "https" else 80
        return parts.hostname or "127.0.0.1", parts.port or default


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


ROLES = ("CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP")
"""Of credentials (OCPI 2.2.1 §types, Role enum); spelled here to keep start-up short."""


def read_settings(file: Path) -> Settings:
    """The settings of a file and of the environment. Raises SettingsError, one clear sentence."""
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
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(f"{file}: {_first_fault(error)}") from None
    database = settings.database
    if database.startswith(SQLITE):
        place = (file.parent / unquote(database.removeprefix(SQLITE))).absolute()
        return settings.model_copy(update={"database": f"{SQLITE}{quote(str(place))}"})
    return settings


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(piece) for piece in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"`{where}` is no setting; look at docs/settings.md for the names."
    return f"`{where}`: {fault['msg'].removeprefix('Value error, ')}."


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
