"""FLAT of 2.1.1, which later versions do not have, comes back where it was and no oftener."""

from typing import Any

from tests.bridge.crossing import OWNER
from tests.bridge.samples import CDR_211, LOCATION_221, TOKEN_221

from voltroam.bridge.convert import convert
from voltroam.bridge.terms import Terms
from voltroam.standard.versions import V2_1_1, V2_3_0

START = "2026-06-01T16:00:00Z"
ENERGY, FLAT = {"type": "ENERGY", "volume": 1}, {"type": "FLAT", "volume": 2}


def period(*dimensions: Any) -> dict[str, Any]:
    return {"start_date_time": START, "dimensions": list(dimensions)}


def test_a_flat_dimension_comes_back_where_it_was() -> None:
    """R211-068: first, last, alone, and in one of two periods that begin at once."""
    periods = [period(FLAT, ENERGY), period(ENERGY), period(FLAT), period(ENERGY, FLAT)]
    cdr = {**CDR_211, "charging_periods": periods}
    terms = Terms(owner=OWNER, location_of=lambda _: LOCATION_221, tokens_of=lambda _: [TOKEN_221])
    up = convert("CDR", cdr, source=V2_1_1, target=V2_3_0, terms=terms).value
    assert up is not None
    assert [one["dimensions"] for one in up["charging_periods"]] == [[ENERGY]] * 3
    back = Terms(memory=cdr, location_of=lambda _: LOCATION_221)
    down = convert("CDR", up, source=V2_3_0, target=V2_1_1, terms=back).value
    assert down is not None
    assert down["charging_periods"] == periods
