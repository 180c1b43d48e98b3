"""The one way in which charging refuses what a host reports."""

from voltroam.standard.errors import CallerError, NotFound


class ChargingProblem(CallerError):
    """A report that cannot be true of the session: `code` is for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class UnknownSession(NotFound):
    """No session of this id was begun here."""

    def __init__(self) -> None:
        super().__init__("There is no such session of ours")
