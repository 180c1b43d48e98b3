"""How often a test repeats: reduced for `make test`, in full for `make soak`."""

import os

SOAK = os.environ.get("VOLTROAM_SOAK") == "1"
BOTH = ["sqlite", "postgresql"]
BACK_ENDS = BOTH if SOAK else BOTH[:1]
"""For what stands above the store: the store's own tests always run on both, and so does all that
asks it for more than one row by its key."""


def times(reduced: int, *, full: int) -> int:
    return full if SOAK else reduced
