"""The one way in which pricing refuses its input."""

from voltroam.standard.errors import CallerError


class PricingProblem(CallerError):
    """What was given cannot be priced: `path` is where (`$.tariffs[0].id`), `reason` is why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
