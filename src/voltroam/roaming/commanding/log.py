"""Log lines of commands; silence where the process has not set logs up."""

import sys


class Log:
    """A named structlog logger once structlog is set up; before that it would write to stdout,
    which belongs to whoever called. No line names a token."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **facts: object) -> None:
        self._write("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._write("warning", event, facts)

    def exception(self, event: str, **facts: object) -> None:
        """With the traceback of the exception that is being handled."""
        self._write("exception", event, facts)

    def _write(self, method: str, event: str, facts: dict[str, object]) -> None:
        structlog = sys.modules.get("structlog")
        if structlog is not None and structlog.is_configured():
            getattr(structlog.get_logger(self._name), method)(event, **facts)


log = Log("voltroam.commands")
