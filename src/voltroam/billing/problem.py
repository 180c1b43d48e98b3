"""The one way in which billing refuses its input."""

from voltroam.standard.errors import CallerError


class BillingProblem(CallerError):
    """What was given cannot be billed: `path` is where (`$.tariffs[0].id`), `reason` is why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
