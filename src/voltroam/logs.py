"""Logs go to stderr, as text on a terminal and as JSON elsewhere, and never hold a secret."""

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from voltroam.settings import Settings

SECRET_NAMES = frozenset(
    {
        "token", "token_a", "authorization", "uid", "token_uid", "contract_id", "password",
        "secret", "secret_key", "document", "body",
    }
)  # fmt: skip
"""Keys of a log line whose values are never written."""


class _Stderr(io.TextIOBase):
    """Whatever stderr is when a line is written."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


_EXCEPTIONS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
"""Without local variables: they may hold tokens."""


def hide_secrets(
    _logger: Any, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace what must not be read, whoever put it there."""
    for name in line:
        if name.lower() in SECRET_NAMES:
            line[name] = "[hidden]"
    return line


def set_up_logs(settings: Settings, level: str | None = None) -> None:
    """Configure structlog and the standard library's logging alike for this process."""
    least = getattr(logging, (level or settings.log_level).upper())
    as_text = settings.log_format == "text" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    writing: list[Any] = [_EXCEPTIONS, structlog.processors.JSONRenderer()]
    if as_text:
        writing = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide_secrets,
            *writing,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(least, logging.WARNING), format="%(levelname)s %(message)s"
    )
