"""Prices before the session: quotes, and which tariff it would get.

LOC-CON-01, TAR-OBJ-08, TAR-OBJ-11
"""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.pricing.build import MORNING, ZONE, at, component, element, of, tariff

from voltroam.pricing import PricingProblem, Quote, quote, select
from voltroam.standard.v2_3_0 import Connector, ProfileType, Tariff

C = component
CONNECTOR = msgspec.convert(
    {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 16,
        "last_updated": "2026-01-01T00:00:00Z",
    },
    Connector,
)


def ask(
    asked: Tariff,
    energy: str,
    power: str,
    stay: timedelta | None = None,
    connector: Connector | None = None,
) -> Quote:
    return quote(asked, connector, Decimal(energy), Decimal(power), MORNING, stay, ZONE)


def test_a_quote_charges_then_parks() -> None:
    """22 kWh at 11 kW: 2 h; 1 h parked of a stay of 3."""
    plain = tariff(element(C("F", "1"), C("E", "0.5"), C("T", "2"), C("P", "6")))
    found = ask(plain, "22", "11", timedelta(hours=3))
    assert found.bill.total_cost.rounded(4) == of("22")
    assert found.charged_until == MORNING + timedelta(hours=2)
    assert found.end == MORNING + timedelta(hours=3)


def test_without_a_stay_the_driver_leaves_when_charged() -> None:
    found = ask(tariff(element(C("P", "6"), C("T", "1"))), "11", "11")
    assert found.bill.total_cost.rounded(4) == of("1")


def test_a_stay_that_is_too_short_gives_less_energy() -> None:
    found = ask(tariff(element(C("E", "1"))), "22", "11", timedelta(hours=1))
    assert found.energy == 11
    assert found.bill.total_cost.rounded(4) == of("11")


def test_the_connector_bounds_the_power_and_tells_the_current() -> None:
    """3 x 230 V x 16 A = 11.04 kW, 48 A over all phases."""
    by_current = tariff(element(C("T", "6"), min_current=48), element(C("T", "3")))
    found = ask(by_current, "11.04", "22", connector=CONNECTOR)
    assert found.power == Decimal("11.04")
    assert found.bill.total_cost.rounded(4) == of("6")
    assert ask(by_current, "10", "10", connector=CONNECTOR).bill.total_cost.rounded(4) == of("3")
    weak = msgspec.structs.replace(CONNECTOR, max_electric_power=3700)
    assert ask(by_current, "1", "22", connector=weak).power == Decimal("3.7")


def test_a_quote_is_cut_at_tiers_and_windows_and_durations() -> None:
    tiers = tariff(
        element(C("E", "1"), max_kwh=5),
        element(C("E", "2")),
        element(C("T", "3"), start_time="11:00"),
        element(C("T", "6"), max_duration=1200),
    )
    found = ask(tiers, "20", "10")
    assert found.bill.total_energy_cost is not None
    assert found.bill.total_energy_cost.rounded(4) == of("35")
    assert found.bill.total_time_cost is not None
    assert found.bill.total_time_cost.rounded(4) == of("5")  # 20 min at 6, 1 h from 11:00 at 3


@pytest.mark.parametrize(
    ("energy", "power", "stay", "path"),
    [
        ("10", "0", None, "$.power"),
        ("-1", "5", None, "$.energy"),
        ("NaN", "5", None, "$.energy"),
        ("999999", "0.001", None, "$.stay"),
        ("1", "5", timedelta(seconds=-1), "$.stay"),
        ("1", "5", timedelta(days=99), "$.stay"),
    ],
)
def test_a_question_that_no_session_can_be_is_refused(
    energy: str, power: str, stay: timedelta | None, path: str
) -> None:
    with pytest.raises(PricingProblem) as caught:
        ask(tariff(element(C("E", "1"))), energy, power, stay)
    assert caught.value.path == path


def test_a_stay_of_nothing_costs_the_start_fee() -> None:
    assert ask(tariff(element(C("F", "1"))), "0", "11").bill.total_cost.rounded(2) == of("1")


ANY = tariff(element(C("E", "1")), id="any")
REGULAR = tariff(element(C("E", "1")), id="regular", type="REGULAR")
CHEAP = tariff(element(C("E", "1")), id="cheap", type="PROFILE_CHEAP")
TERMINAL = tariff(element(C("E", "1")), id="terminal", type="AD_HOC_PAYMENT")
ALL = [ANY, REGULAR, CHEAP, TERMINAL]
IDS = ["ANY", "REGULAR", "CHEAP", "TERMINAL"]


@pytest.mark.parametrize(
    ("preference", "ad_hoc", "ids", "chosen"),
    [
        (None, False, IDS, "regular"),
        (ProfileType.REGULAR, False, IDS, "regular"),
        (ProfileType.CHEAP, False, IDS, "cheap"),
        (ProfileType.FAST, False, IDS, "any"),
        (None, True, IDS, "terminal"),
        (None, False, ["TERMINAL", "CHEAP"], None),
        (None, False, ["unknown"], None),
        (None, False, [], None),
    ],
)
def test_the_type_decides_and_a_specific_one_beats_none(
    preference: ProfileType | None, ad_hoc: bool, ids: list[str], chosen: str | None
) -> None:
    found = select(ALL, ids, MORNING, preference=preference, ad_hoc=ad_hoc)
    assert (found.tariff.id if found.tariff else None) == chosen
    assert len(found.others) == len(ids) - (chosen is not None)


def test_validity_is_from_the_start_to_the_very_second_of_the_end() -> None:
    """A21"""
    short = tariff(
        element(C("E", "1")),
        id="any",
        start_date_time="2026-06-01T00:00:00Z",
        end_date_time="2026-06-02T00:00:00Z",
    )
    for moment, valid in [
        ("2026-05-31 23:59:59", False),
        ("2026-06-01 00:00:00", True),
        ("2026-06-02 00:00:00", True),
        ("2026-06-02 00:00:01", False),
    ]:
        assert (select([short], ["any"], at(moment)).tariff is not None) is valid


def test_two_valid_tariffs_of_one_type_are_ambiguous_and_the_first_counts() -> None:
    twin = tariff(element(C("E", "2")), id="twin", type="REGULAR")
    found = select([twin, REGULAR], ["regular", "twin"], MORNING)
    assert found.tariff == REGULAR
    assert found.ambiguous
