"""Words that 2.3.0 added to enums, and what 2.2.1 gets for them (OCPI 2.3.0 §types, OpenEnum)."""

from voltroam.standard import v2_2_1 as old

CAPABILITIES = frozenset[str](old.Capability)
CONNECTOR_TYPES = frozenset[str](old.ConnectorType)
FACILITIES = frozenset[str](old.Facility)
IMAGE_CATEGORIES = frozenset[str](old.ImageCategory)
IMPACTS = frozenset[str](old.EnvironmentalImpactCategory)
PARKING_RESTRICTIONS = frozenset[str](old.ParkingRestriction)
PARKING_TYPES = frozenset[str](old.ParkingType)
ROLES = frozenset[str](old.Role) - {"PTP"}
"""Without the one that the payments package brought."""
TOKEN_TYPES = frozenset[str](old.TokenType)
