"""`python -m bench.auditing`: CDRs audited per second on one core, right ones and wrong ones."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from bench.pricing import COMPLEX, SIMPLE, START, ZONE, session
from bench.rates import Rate, measured, show

from voltroam import pricing
from voltroam.billing.audit import Context, audit
from voltroam.billing.findings import Verdict
from voltroam.standard.v2_3_0 import CDR, Price, Tariff

HERE = Context(zone=ZONE)


def cdr(given: Tariff, count: int, error: str = "0") -> CDR:
    """A CDR of so many periods whose total is wrong by `error`."""
    periods, end = session(count)
    bill = pricing.compile([given], ZONE).price(periods, start=START, end=end)
    total = bill.total_cost.price()
    wrong = Price(before_taxes=total.before_taxes + Decimal(error), taxes=total.taxes)
    plain: dict[str, Any] = {
        "country_code": "NL",
        "party_id": "TST",
        "id": "1",
        "start_date_time": START,
        "end_date_time": end,
        "cdr_token": {
            "country_code": "DE", "party_id": "MSP", "uid": "1", "type": "RFID",
            "contract_id": "DE-MSP-C1",
        },
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "L", "address": "Kade 1", "city": "Utrecht", "country": "NLD",
            "coordinates": {"latitude": "52.10000", "longitude": "5.10000"},
            "evse_uid": "E", "evse_id": "NL*TST*E1", "connector_id": "1",
            "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "tariffs": [msgspec.to_builtins(given, builtin_types=(Decimal,))],
        "charging_periods": [msgspec.to_builtins(one, builtin_types=(Decimal,)) for one in periods],
        "total_cost": msgspec.to_builtins(wrong, builtin_types=(Decimal,)),
        "total_energy": bill.total_energy,
        "total_time": bill.total_time,
        "total_parking_time": bill.total_parking_time,
        "last_updated": end + timedelta(minutes=1),
    }  # fmt: skip
    return msgspec.convert(plain, CDR)


def audits(what: str, given: CDR, expected: Verdict) -> Rate:
    found = audit(given, HERE)
    assert found.verdict is expected, found
    return measured(what, lambda: audit(given, HERE))


def rates() -> list[Rate]:
    small, large = cdr(SIMPLE, 5), cdr(COMPLEX, 50)
    return [
        audits("CDRs audited, simple, 5 periods, right", small, Verdict.OK),
        audits("CDRs audited, complex, 50 periods, right", large, Verdict.OK),
        audits("CDRs audited, simple, wrong by no known mistake", cdr(SIMPLE, 5, "3.33"),
               Verdict.DIFFERS),
    ]  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(show(rates()))
