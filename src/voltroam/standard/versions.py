"""A version is a record of flags, each with its reason; no other code compares versions.

Code above asks a flag (`version.base64_token`), or lives in `bridge/`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from voltroam.standard.status import StatusCode


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One of the few below: compared and hashed as the object it is."""

    number: str
    """As it stands in URLs and in the versions list."""

    rank: tuple[int, ...]
    """For choosing the highest common version: numeric, never as text."""

    base64_token: bool
    """The Authorization header carries Base64 of the credentials token (2.2.1 §transport)."""

    routing_headers: bool
    """Functional modules carry OCPI-to-* and OCPI-from-* (2.2.1 §transport)."""

    message_ids: bool
    """Every request and response carries X-Request-ID and X-Correlation-ID (2.2.1 §transport)."""

    endpoint_roles: bool
    """Version details name the interface of each endpoint (2.2.1 §version_information_endpoint)."""

    credentials_roles: bool
    """Credentials hold a list of roles, not one party (2.2.1 §credentials)."""

    patch_needs_last_updated: bool
    """A PATCH without last_updated is refused with 2001 (2.2.1 §status_codes)."""

    open_enums: bool
    """Some enums accept values that are not listed (2.3.0 §types)."""

    role_trees: bool
    """CPO and eMSP interfaces are two trees of URLs, each registered on its own (2.1.1)."""

    owner_in_objects: bool
    """Objects carry country_code and party_id; before, only URLs do (2.2.1 §changelog)."""

    typed_tokens: bool
    """A token's URL names its type, RFID where it does not; before, only the body does (2.2.1)."""

    folded_ids: bool
    """Identifiers compare without case (2.2.1 §types, CiString)."""

    appends_periods: bool
    """A PATCH appends charging_periods instead of replacing them (2.2.1 §mod_sessions)."""

    statuses: frozenset[StatusCode]
    """The status codes that it defines: 2004 and 4xxx came with 2.2 (2.2.1 §status_codes)."""

    hub_lists_parties: bool
    """A hub's credentials list the parties behind it, with hub_party_id (2.3.0 §credentials)."""

    def __str__(self) -> str:
        return self.number

    def is_called(self, number: str) -> bool:
        """Whether a text is this version's number."""
        return number == self.number

    def within(self, since: "Version", until: "Version | None") -> bool:
        """Whether it lies between two versions, both included."""
        return since.rank <= self.rank and (until is None or self.rank <= until.rank)


EARLY_STATUSES = frozenset(
    code for code in StatusCode if code < StatusCode.HUB_ERROR and code != StatusCode.UNKNOWN_TOKEN
)

V2_1_1 = Version(
    number="2.1.1",
    rank=(2, 1, 1),
    base64_token=False,
    routing_headers=False,
    message_ids=False,
    endpoint_roles=False,
    credentials_roles=False,
    patch_needs_last_updated=False,
    open_enums=False,
    role_trees=True,
    owner_in_objects=False,
    typed_tokens=False,
    folded_ids=False,
    appends_periods=False,
    statuses=EARLY_STATUSES,
    hub_lists_parties=False,
)

V2_2_1 = Version(
    number="2.2.1",
    rank=(2, 2, 1),
    base64_token=True,
    routing_headers=True,
    message_ids=True,
    endpoint_roles=True,
    credentials_roles=True,
    patch_needs_last_updated=True,
    open_enums=False,
    role_trees=False,
    owner_in_objects=True,
    typed_tokens=True,
    folded_ids=True,
    appends_periods=True,
    statuses=frozenset(StatusCode),
    hub_lists_parties=False,
)

V2_3_0 = replace(V2_2_1, number="2.3.0", rank=(2, 3, 0), open_enums=True, hub_lists_parties=True)

HOME = V2_2_1
"""The version in whose shapes the house keeps its objects and works on them (decision 0006)."""

VERSIONS: dict[str, Version] = {version.number: version for version in (V2_1_1, V2_2_1, V2_3_0)}
"""Every version that this build speaks, by its number."""


def is_above_lowest(version: Version, numbers: Iterable[str]) -> bool:
    """Whether it is above the lowest of the numbered versions."""
    return version.rank > min(VERSIONS[number].rank for number in numbers)
