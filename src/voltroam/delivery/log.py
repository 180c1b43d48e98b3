"""Log lines of delivery, written where logs are set up; elsewhere silence, and no structlog.

A command that pulls once says in its report what went wrong, and starts faster without.
"""

import sys
from typing import Any


class Log:
    """A named structlog logger once the process has set structlog up (`voltroam.logs` does).

    Before that structlog would write to stdout, which belongs to the command.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **facts: Any) -> None:
        self._write("debug", event, facts)

    def info(self, event: str, **facts: Any) -> None:
        self._write("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._write("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        self._write("error", event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """With the traceback of the exception that is being handled."""
        self._write("exception", event, facts)

    def _write(self, method: str, event: str, facts: dict[str, Any]) -> None:
        structlog = sys.modules.get("structlog")
        if structlog is not None and structlog.is_configured():
            getattr(structlog.get_logger(self._name), method)(event, **facts)
