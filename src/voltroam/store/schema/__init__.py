"""The database schema: numbered plain SQL steps, and which number this program needs."""

from voltroam.standard.errors import NodeError

NEWEST = "0001"
"""The schema that this program is written for."""


def require(found: str, readable_by: str) -> None:
    """A newer schema is served only if it says that programs of ours may (expand, then contract).

    Raises NodeError in words that tell the operator what to do.
    """
    if found == NEWEST or (found > NEWEST and readable_by and readable_by <= NEWEST):
        return
    if found < NEWEST:
        raise NodeError(f"the database has schema {found}, not {NEWEST}: run `voltroam db migrate`")
    raise NodeError(f"the database has schema {found}, unknown to this release ({NEWEST})")


def judge(found: str | None, target: str) -> bool:
    """True when there are steps to take. Raises NodeError for a schema beyond the target."""
    if found is not None and found > target:
        raise NodeError(f"the database has schema {found}, unknown to this release ({target})")
    return found != target
