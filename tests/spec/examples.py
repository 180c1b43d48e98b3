"""The example files of the standard, what each of them is, and which of them are wrong."""

from pathlib import Path

from voltroam.standard import v2_2_1 as v

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "spec-examples" / "2.2.1"

KINDS: dict[str, type] = {
    "cdr_example": v.CDR,
    "credentials_example": v.Credentials,
    "location_example": v.Location,
    "location_hours_": v.Hours,
    "location_put_example_add_evse": v.EVSE,
    "session_example": v.Session,
    "tariff": v.Tariff,
    "token_example": v.Token,
    "token_put_example": v.Token,
    "type_displaytext_example": v.DisplayText,
    "version_details_example": v.VersionDetails,
}
"""Whole objects, by the start of the file's name."""

LISTS: dict[str, type] = {"versions_info_example": v.VersionInfo}

MEMBERS: dict[str, tuple[str, type]] = {
    "location_energymix_example": ("energy_mix", v.EnergyMix),
    "location_regularhours_example": ("opening_times", v.Hours),
}
"""Files that show one member of a location."""

PATCHES: dict[str, type] = {
    "location_patch_example_location": v.Location,
    "location_patch_example_remove_evse": v.EVSE,
    "location_patch_example_status": v.EVSE,
    "location_patch_example_tariff": v.Connector,
    "session_patch_example": v.Session,
    "token_patch_example": v.Token,
}

REPLIES: dict[str, tuple[type, bool]] = {
    "transport_and_format_get_token_example": (v.Token, False),
    "transport_and_format_get_token_list_example": (v.Token, True),
    "transport_and_format_version_details_example": (v.VersionDetails, False),
    "transport_and_format_version_info_example": (v.VersionInfo, True),
}
"""Envelopes: what `data` is, and whether it is a list of them."""

WRONG: dict[str, str] = {
    "location_put_example_add_evse": (
        "its connector lacks power_type, max_voltage, max_amperage and last_updated, and "
        "physical_reference is a number"
    ),
    "tariff_put_example": "it lacks last_updated",
}
"""Examples that break the chapter they stand in, and how. Each must really be refused."""

IN_THE_TEXT = b"""{
  "country_code": "NL",
  "party_id": "ALL",
  "role": "CPO",
  "status": "PLANNED",
}"""
"""The one object that stands in a chapter itself (§mod_hub_client_info, PUT): a comma too many, and
without last_updated."""


def kind_of(name: str, kinds: dict[str, type]) -> type | None:
    """The longest start of the name wins."""
    starts = [start for start in kinds if name.startswith(start)]
    return kinds[max(starts, key=len)] if starts else None
