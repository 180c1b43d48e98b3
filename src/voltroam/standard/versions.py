"""A version is a record of flags, each with its reason; no other code compares versions.

Code above asks a flag (`version.base64_token`), or lives in `bridge/`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    number: str
    """As it stands in URLs and in the versions list."""

    rank: tuple[int, ...]
    """For choosing the highest common version: numeric, never as text."""

    base64_token: bool
    """The Authorization header carries Base64 of the credentials token (2.2.1 §transport)."""

    routing_headers: bool
    """Functional modules carry OCPI-to-* and OCPI-from-* (2.2.1 §transport)."""

    endpoint_roles: bool
    """Version details name the interface of each endpoint (2.2.1 §version_information_endpoint)."""

    credentials_roles: bool
    """Credentials hold a list of roles, not one party (2.2.1 §credentials)."""

    patch_needs_last_updated: bool
    """A PATCH without last_updated is refused with 2001 (2.2.1 §status_codes)."""

    open_enums: bool
    """Some enums accept values that are not listed (2.3.0 §types)."""

    def __str__(self) -> str:
        return self.number


V2_2_1 = Version(
    number="2.2.1",
    rank=(2, 2, 1),
    base64_token=True,
    routing_headers=True,
    endpoint_roles=True,
    credentials_roles=True,
    patch_needs_last_updated=True,
    open_enums=False,
)

VERSIONS: dict[str, Version] = {version.number: version for version in (V2_2_1,)}
"""Every version that this build speaks, by its number."""
