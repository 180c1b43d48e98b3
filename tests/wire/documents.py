"""Valid documents, and ways to spoil them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voltroam.standard import v2_2_1 as v

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "spec-examples" / "2.2.1"
FEED = Path(__file__).parents[2].parent / "shared" / "data" / "real-feed-60.json"

AT = "2020-01-01T10:00:00Z"


def connector(number: int) -> dict[str, Any]:
    return {
        "id": str(number), "standard": "IEC_62196_T2", "format": "SOCKET",
        "power_type": "AC_3_PHASE", "max_voltage": 400, "max_amperage": 32,
        "max_electric_power": 22000, "tariff_ids": ["T1"], "last_updated": AT,
    }  # fmt: skip


def evse(number: int) -> dict[str, Any]:
    return {
        "uid": f"EVSE-{number:04d}", "evse_id": f"NL*AAA*E{number:06d}", "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "RESERVABLE"], "connectors": [connector(1), connector(2)],
        "physical_reference": str(number), "floor_level": "-1",
        "coordinates": {"latitude": "52.12345", "longitude": "4.123456"},
        "directions": [{"language": "en", "text": "Turn left at the entrance"}],
        "status_schedule": [{"period_begin": AT, "status": "PLANNED"}], "last_updated": AT,
    }  # fmt: skip


def location(evses: int = 2) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "AAA", "id": "LOC1", "publish": True,
        "name": "Parkhaus Süd", "address": "Straße 1", "city": "Köln", "country": "DEU",
        "coordinates": {"latitude": "52.12345", "longitude": "-4.1234567"},
        "evses": [evse(number) for number in range(evses)],
        "operator": {"name": "Op", "website": "https://op.example/a"},
        "opening_times": {
            "twentyfourseven": False,
            "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "18:00"}],
        },
        "energy_mix": {
            "is_green_energy": True,
            "energy_sources": [{"source": "WIND", "percentage": 99.50},
                               {"source": "SOLAR", "percentage": 0.5}],
        },
        "time_zone": "Europe/Berlin", "last_updated": AT,
    }  # fmt: skip


def session() -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "AAA", "id": "S1", "start_date_time": AT, "kwh": 1.25,
        "cdr_token": {"country_code": "DE", "party_id": "MSP", "uid": "012", "type": "RFID",
                      "contract_id": "DE-MSP-1"},
        "auth_method": "WHITELIST", "location_id": "LOC1", "evse_uid": "E", "connector_id": "1",
        "currency": "EUR", "status": "ACTIVE", "last_updated": AT,
        "charging_periods": [
            {"start_date_time": AT, "dimensions": [{"type": "ENERGY", "volume": 1.25}]}
        ],
        "total_cost": {"excl_vat": 4.00},
    }  # fmt: skip


def tariff() -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "AAA", "id": "T1", "currency": "EUR",
        "tariff_alt_text": [{"language": "de", "text": "2,00 € je Stunde"}],
        "elements": [
            {"price_components": [{"type": "TIME", "price": 2.00, "vat": 10.0, "step_size": 300}],
             "restrictions": {"start_time": "08:00", "min_kwh": 0.5, "day_of_week": ["MONDAY"]}}
        ],
        "last_updated": AT,
    }  # fmt: skip


def token() -> dict[str, Any]:
    return {
        "country_code": "DE", "party_id": "MSP", "uid": "012345678", "type": "RFID",
        "contract_id": "DE8ACC12E46L89", "issuer": "Größte", "valid": True,
        "whitelist": "ALWAYS", "language": "it", "last_updated": AT,
    }  # fmt: skip


VALID: tuple[tuple[Any, dict[str, Any]], ...] = (
    (v.Location, location()),
    (v.Session, session()),
    (v.Tariff, tariff()),
    (v.Token, token()),
)


def dump(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


MARK = "@@mark@@"

VALUES = (
    "null", "true", "0", "1", "-0", "1.0", "230.0", "1.5", "1e2", "1e400", "1E-7", "1E+999999",
    "1e99999999999999999999", "12345678901234567890123", "1" + "0" * 5000, '"1.5"', '"x"', '""',
    '" "', '"<b>x</b>"', '"a < b"', '"\\u0000"', '"\\n"', '"\\ud800"', '"\\ud83d\\ude00"', '"ü"',
    '"\\u00fc"', '"a\\/b"', '"a\\"b"', '"\\\\"', '"\x7f"', '"\u0085"', '"\u2028"', '"#NA"',
    '"EN"', '"en"', '"eng"', '"e"', '"XXX"', '"EUR"', '"eur"', '"NLD"', '"nld"', '"RFID"',
    '"rfid"', '"' + "x" * 37 + '"', '"' + "x" * 300 + '"', "[]", "{}", "[null]", "[[]]", '[""]',
    '["ü"]', '["a","b"]', '[{}]', '{"a":1}', '{"a":1,"a":2}', '{"a":[{"b":1,"b":1}]}',
    '"2020-01-01T00:00:00"', '"2020-01-01T00:00:00.1Z"', '"2020-01-01T00:00:00.123456Z"',
    '"2020-01-01T00:00:00+02:00"', '"2020-01-01T00:00:00-00:00"', '"2020-01-01 00:00:00Z"',
    '"2020-01-01t00:00:00z"', '"2020-01-01T00:00:00,5Z"', '"2020-01-01T24:00:00Z"',
    '"2020-01-01T00\\u003a00:00Z"', '"2020-02-30T00:00:00Z"', '"2020-01-01"', "1577836800",
    '"52.12345"', '"52.1"', '"08:00"', '"24:00"', '"Europe/Berlin"', "NaN", "-Infinity", "01",
    "[" * 70 + "]" * 70, '{"a":' * 64 + "1" + "}" * 64, '1,"id":"2"', '"2" ,"id" :"2"',
    '1,"zz":{"a":1,"a":2}', '1,"zz":"\ud7ff"', '"E+5,"', '":"', '"[{"',
)  # fmt: skip
"""JSON texts, valid and not, that stand where something else belongs."""


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value below the document."""
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(pairs):
        yield document, key
        if isinstance(value, dict | list):
            yield from places(value)


def spoiled(document: Any, place: int, action: str, value: str, blanks: bool) -> bytes:
    """The document with one value replaced, removed or accompanied by an unknown member."""
    document = json.loads(json.dumps(document))
    spots = list(places(document))
    container, key = spots[place % len(spots)]
    if action == "remove":
        del container[key]
    elif action == "add" and isinstance(container, dict):
        container["x_unknown"] = MARK
    else:
        container[key] = MARK
    text = json.dumps(document, separators=None if blanks else (",", ":"), ensure_ascii=False)
    return text.replace(f'"{MARK}"', value).encode()
