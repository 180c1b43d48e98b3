"""The way in: an object of one version as the same object of another.

Steps stand between neighbours, 2.1.1, 2.2.1 and 2.3.0, and are chained. Where no step stands the
object is the same in both. A conversion never changes `last_updated`, makes no amount up, and
leaves the document that it was given as it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import msgspec

from voltroam.bridge.crossing import Crossing, Step
from voltroam.bridge.editions import first_edition
from voltroam.bridge.notes import Bridged
from voltroam.bridge.pointers import given, left_out
from voltroam.bridge.terms import Document, Relaxation, Terms
from voltroam.bridge.v2_1_1 import commands as commands_211
from voltroam.bridge.v2_1_1 import locations as locations_211
from voltroam.bridge.v2_1_1 import money as money_211
from voltroam.bridge.v2_1_1 import parties as parties_211
from voltroam.bridge.v2_1_1 import tariffs as tariffs_211
from voltroam.bridge.v2_1_1 import tokens as tokens_211
from voltroam.bridge.v2_3_0 import commands as commands_230
from voltroam.bridge.v2_3_0 import locations as locations_230
from voltroam.bridge.v2_3_0 import money as money_230
from voltroam.bridge.v2_3_0 import parties as parties_230
from voltroam.bridge.v2_3_0 import tariffs as tariffs_230
from voltroam.standard.versions import HOME, V2_1_1, V2_2_1, V2_3_0, Version


class Pair(NamedTuple):
    """How one kind of object passes between two neighbours, upward and downward."""

    up: Step
    down: Step


def _same(document: Document, _at: str, _crossing: Crossing) -> Document:
    return document


def _unknown(_document: Document, at: str, crossing: Crossing) -> None:
    """The lower version has no such object."""
    crossing.note("object-unknown", at)


_NEW = Pair(_same, _unknown)

UP_TO_2_2_1: Mapping[str, Pair] = {
    "Location": Pair(locations_211.location_up, locations_211.location_down),
    "EVSE": Pair(locations_211.evse_up, locations_211.evse_down),
    "Connector": Pair(locations_211.connector_up, locations_211.connector_down),
    "Session": Pair(money_211.session_up, money_211.session_down),
    "CDR": Pair(money_211.cdr_up, money_211.cdr_down),
    "Tariff": Pair(tariffs_211.tariff_up, tariffs_211.tariff_down),
    "Token": Pair(tokens_211.token_up, tokens_211.token_down),
    "LocationReferences": Pair(tokens_211.references_up, tokens_211.references_down),
    "AuthorizationInfo": Pair(tokens_211.authorization_up, tokens_211.authorization_down),
    "StartSession": Pair(commands_211.command_up, commands_211.start_down),
    "StopSession": Pair(commands_211.command_up, commands_211.command_down),
    "ReserveNow": Pair(commands_211.command_up, commands_211.command_down),
    "UnlockConnector": Pair(commands_211.command_up, commands_211.command_down),
    "CancelReservation": Pair(_same, commands_211.cancel_down),
    "CommandResponse": Pair(commands_211.response_up, commands_211.response_down),
    "CommandResult": Pair(commands_211.result_up, commands_211.result_down),
    "Credentials": Pair(parties_211.credentials_up, parties_211.credentials_down),
    "VersionDetails": Pair(parties_211.details_up, parties_211.details_down),
    "VersionInfo": Pair(_same, _same),
    "ClientInfo": _NEW,
    "ChargingPreferences": _NEW,
    "ChargingPreferencesResponse": _NEW,
    "SetChargingProfile": _NEW,
    "ChargingProfileResponse": _NEW,
    "ActiveChargingProfile": _NEW,
    "ActiveChargingProfileResult": _NEW,
    "ChargingProfileResult": _NEW,
    "ClearProfileResult": _NEW,
}

UP_TO_2_3_0: Mapping[str, Pair] = {
    "Location": Pair(_same, locations_230.location_down),
    "EVSE": Pair(_same, locations_230.evse_down),
    "Connector": Pair(_same, locations_230.connector_down),
    "Session": Pair(money_230.session_up, money_230.session_down),
    "CDR": Pair(money_230.cdr_up, money_230.cdr_down),
    "Tariff": Pair(tariffs_230.tariff_up, tariffs_230.tariff_down),
    "Token": Pair(money_230.token_up, money_230.token_down),
    "AuthorizationInfo": Pair(commands_230.with_token_up, commands_230.with_token_down),
    "StartSession": Pair(commands_230.with_token_up, commands_230.with_token_down),
    "ReserveNow": Pair(commands_230.with_token_up, commands_230.with_token_down),
    "Credentials": Pair(parties_230.credentials_up, parties_230.credentials_down),
    "ClientInfo": Pair(parties_230.client_info_up, parties_230.role_down),
}
"""Kinds that are not here are the same in 2.2.1 and 2.3.0."""

NEW_IN_2_3_0 = frozenset(
    {
        "InvoiceReconciliationRecord",
        "BookingLocation",
        "Calendar",
        "Booking",
        "BookingRequest",
        "Terminal",
        "FinancialAdviceConfirmation",
    }
)
"""Kept in 2.3.0 and never bridged."""

_WAY = (V2_1_1, V2_2_1, V2_3_0)
_BETWEEN = (UP_TO_2_2_1, UP_TO_2_3_0)
KINDS = frozenset(UP_TO_2_2_1) | NEW_IN_2_3_0


def convert(
    kind: str, document: Document, *, source: Version, target: Version, terms: Terms
) -> Bridged[Document | None]:
    """The object in the target version, and what happened on the way; None if it must not pass.

    `kind` is the object's name as 2.2.1 or 2.3.0 has it (`Location`, `CDR`, `StartSession`).
    Raises KeyError for a name that no version has.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    crossing = Crossing(terms)
    found = document
    for step in _steps(kind, source, target):
        stepped = _stepped(step, found, crossing)
        if stepped is None:
            return Bridged(None, tuple(crossing.notes))
        found = stepped
    if target == V2_3_0:
        if terms.max_edition == 1:
            found = first_edition(kind, found, crossing)
        if terms.relaxed(Relaxation.PTP_AS_OTHER):
            found = parties_230.without_packages(kind, found, crossing)
    return Bridged(found, tuple(crossing.notes))


def is_same(kind: str, *, source: Version, target: Version, terms: Terms) -> bool:
    """Whether nothing in an object would change: no step stands on its way."""
    finished = target == V2_3_0 and (
        terms.max_edition == 1 or terms.relaxed(Relaxation.PTP_AS_OTHER)
    )
    return not finished and all(step is _same for step in _steps(kind, source, target))


def _stepped(step: Step, document: Document, crossing: Crossing) -> Document | None:
    """Take a step; its notes point into the object that was given to the first one."""
    earlier = len(crossing.notes)
    found = step(document, "", crossing)
    gone = left_out(crossing.notes[:earlier])
    if gone:
        crossing.notes[earlier:] = [
            msgspec.structs.replace(note, pointer=given(note.pointer, gone))
            for note in crossing.notes[earlier:]
        ]
    return found


def at_home(
    kind: str, document: Document, *, source: Version, terms: Terms
) -> Bridged[Document | None]:
    """The object as the house keeps it: in HOME, or with its members of a later version.

    What 2.2.1 cannot say without saying something else stays in the version that says it
    (decision 0006): then the notes say `refused`, and `reach.lowest` of the document is above HOME.
    So does a Token of a new type: its type is part of its name.
    """
    if kind == "Token":
        terms = replace(terms, relaxations=terms.relaxations | {Relaxation.UNKNOWN_WORDS})
    found = convert(kind, document, source=source, target=HOME, terms=terms)
    if found.value is None and source.rank > HOME.rank:
        return Bridged(document, found.notes)
    return found


def _steps(kind: str, source: Version, target: Version) -> list[Step]:
    start, end = _WAY.index(source), _WAY.index(target)
    if kind in NEW_IN_2_3_0:
        return [] if start == end else [_unknown]
    if start <= end:
        pairs = [between.get(kind) for between in _BETWEEN[start:end]]
        return [pair.up for pair in pairs if pair is not None]
    pairs = [between.get(kind) for between in reversed(_BETWEEN[end:start])]
    return [pair.down for pair in pairs if pair is not None]
