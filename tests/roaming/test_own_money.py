"""What we would not send: own sessions and CDRs against the rules are refused when imported."""

from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.company import Company

from voltroam.standard.errors import CallerError


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("cdrs", objects.cdr(id="C1-K", credit=True), "$.credit_reference_id"),
        ("cdrs", objects.cdr(credit=True, credit_reference_id="c1"), "$.id"),
        ("cdrs", objects.cdr(id="x" * 37), "$.id"),
        ("sessions", objects.session(evse_uid="#NA"), "$.evse_uid"),
        ("sessions", objects.session(connector_id="#NA"), "$.connector_id"),
    ],
)
async def test_a_faulty_record_of_our_own_is_refused(
    cpo: Company, kind: str, body: dict[str, Any], path: str
) -> None:
    """CDR-CRED-01, CDR-CRED-02, CDR-CRED-05, SES-OBJ-02"""
    with pytest.raises(CallerError) as refused:
        await cpo.import_(kind, body, strict=True)
    assert path in refused.value.message
    assert [row async for row in cpo.store.scan(kind)] == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("cdrs", objects.cdr(id="C1-K", credit=True, credit_reference_id="C1")),
        ("sessions", objects.session(status="RESERVATION", evse_uid="#NA", connector_id="#NA")),
    ],
)
async def test_what_looks_alike_and_is_right_is_taken(
    cpo: Company, kind: str, body: dict[str, Any]
) -> None:
    """CDR-CRED-02, SES-OBJ-02"""
    await cpo.import_(kind, body, strict=True)
    assert len([row async for row in cpo.store.scan(kind)]) == 1
