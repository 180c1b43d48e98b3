"""How often a test repeats: reduced for `make test`, in full for `make soak`."""

import os

SOAK = os.environ.get("VOLTROAM_SOAK") == "1"


def times(reduced: int, *, full: int) -> int:
    return full if SOAK else reduced
