"""A party is country_code + party_id; both compare without case and keep their spelling."""

from typing import NamedTuple


class PartyId(NamedTuple):
    """One company on a platform (OCPI 2.2.1 §credentials, CredentialsRole)."""

    country_code: str
    party_id: str

    def __str__(self) -> str:
        return f"{self.country_code}/{self.party_id}"

    @property
    def folded(self) -> str:
        """The spelling-free form that keys and comparisons use: `NL/AAA`."""
        return f"{self.country_code}/{self.party_id}".upper()

    def same(self, other: "PartyId | None") -> bool:
        return other is not None and self.folded == other.folded


def fold(identifier: str) -> str:
    """Identifiers compare without case (OCPI 2.2.1 §types); folded here, never by a database."""
    return identifier.upper() if identifier.isascii() else identifier.casefold().upper()
