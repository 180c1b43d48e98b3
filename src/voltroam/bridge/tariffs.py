"""Tariffs between 2.2.1 and 2.3.0."""

from voltroam.bridge.notes import Bridged, Note, Severity
from voltroam.bridge.prices import limit_up
from voltroam.bridge.retype import all_retyped, retyped
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new


def tariff_up(tariff: old.Tariff, pointer: str = "") -> Bridged[new.Tariff]:
    """Bounds are renamed, and prices come before taxes (OCPI 2.3.0 §mod_tariffs, Tariff).

    2.2.1 prices are always without VAT, so `tax_included` is NO; never N/A, which would say that
    no tax exists, while a missing `vat` may only be unknown.
    """
    notes: list[Note] = [_tax_included(tariff, pointer)]
    bounds: dict[str, new.PriceLimit | None] = {"min_price": None, "max_price": None}
    for name in bounds:
        price: old.Price | None = getattr(tariff, name)
        if price is not None:
            bounds[name], told = limit_up(price, f"{pointer}/{name}")
            notes += told
    mix = tariff.energy_mix
    value = new.Tariff(
        country_code=tariff.country_code,
        party_id=tariff.party_id,
        id=tariff.id,
        currency=tariff.currency,
        elements=all_retyped(tariff.elements, new.TariffElement),
        tax_included=new.TaxIncluded.NO,
        last_updated=tariff.last_updated,
        type=tariff.type,
        tariff_alt_text=tariff.tariff_alt_text,
        tariff_alt_url=tariff.tariff_alt_url,
        min_price=bounds["min_price"],
        max_price=bounds["max_price"],
        start_date_time=tariff.start_date_time,
        end_date_time=tariff.end_date_time,
        energy_mix=None if mix is None else retyped(mix, new.EnergyMix),
    )
    return Bridged(value, tuple(notes))


def _tax_included(tariff: old.Tariff, pointer: str) -> Note:
    vats = [
        component.vat is not None
        for element in tariff.elements
        for component in element.price_components
    ]
    if all(vats):
        return Note(
            code="tax-included-no",
            pointer=pointer,
            severity=Severity.LOSSLESS,
            text="prices are without VAT: tax_included is NO",
        )
    return Note(
        code="tax-included-no",
        pointer=pointer,
        severity=Severity.INFERRED,
        text="tax_included is NO, but some prices name no VAT: it may be unknown",
    )
