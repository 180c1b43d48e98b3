"""What every format is read into: the signed bytes, the signature, and what the meter says."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from voltroam.metering.curves import Curve


class Format(StrEnum):
    """The formats of signed meter values that are recognised."""

    OCMF = "OCMF"
    ALFEN = "Alfen"
    EDL40 = "EDL40 (SML)"
    EDL40_SIG = "EDL40 (signature only)"
    MENNEKES = "EDL40 Mennekes"
    ISA_EDL40 = "ISA EDL40"
    PCDF = "PCDF"


class Phase(StrEnum):
    """Where in the transaction a reading was taken."""

    BEGIN = "BEGIN"
    END = "END"
    DURING = "DURING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of measuring law: its name, whether it holds, and a sentence of why."""

    id: str
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a register.

    `billing` tells whether its register may be billed; `local` that `at` is the meter's wall
    clock, written as if UTC, because the zone is not among what was signed.
    """

    phase: Phase
    value: Decimal
    unit: str
    obis: str = ""
    at: datetime | None = None
    local: bool = False
    time_status: str = ""
    status: str = ""
    status_ok: bool = True
    errors: str = ""
    event_counter: int | None = None
    billing: bool = True

    @property
    def kwh(self) -> Decimal | None:
        """The value in kWh; None when the unit is not one of energy."""
        unit = self.unit.strip().casefold()
        if unit == "kwh":
            return self.value
        return self.value.scaleb(-3) if unit == "wh" else None


@dataclass(frozen=True, slots=True)
class Record:
    """A parsed record, not yet believed.

    `payload` holds exactly the bytes that were signed; `numbers` is r and s, or None when the
    signature cannot be read, with the reason in `fault`.
    `meter_id`, `session`, `place` (of the charging point) and `pagination` are signed ones only.
    `uncovered` names what the record states but no signature over `payload` can cover.
    """

    format: Format
    payload: bytes
    curve: Curve
    numbers: tuple[int, int] | None
    readings: tuple[Reading, ...]
    fault: str = ""
    uncovered: str = ""
    key: bytes | None = None
    curve_assumed: bool = False
    meter_id: str = ""
    other_ids: tuple[str, ...] = ()
    session: str = ""
    place: str = ""
    pagination: int | None = None
    pages: str = ""
    rules: tuple[Rule, ...] = ()
    deviations: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Begin and end in one record."""
        phases = {reading.phase for reading in self.readings}
        return {Phase.BEGIN, Phase.END} <= phases
