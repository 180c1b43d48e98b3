"""The one way in which metering refuses its input."""

from voltroam.standard.errors import CallerError


class MeteringProblem(CallerError):
    """What was given cannot be read: `path` is where (`$.RD[0].RV`), `reason` is why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def under(self, place: str) -> "MeteringProblem":
        """The same problem, seen from the thing that holds it."""
        return MeteringProblem(f"{place}{self.path.removeprefix('$')}", self.reason)


KEY = "$.public_key"
SIGNATURE = "$.signature"
