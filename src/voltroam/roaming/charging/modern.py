"""A Session or CDR of ours in 2.3.0, where 2.2.1 cannot say all of it (OCPI 2.3.0 §mod_cdrs).

That is so under a tariff that was given in 2.3.0, and where a booking was fulfilled. Taxes are told
one by one, by the rates of the tariff; their sum is what the bill says, to the last digit. Time
beyond the slot of a booking has a dimension of its own.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from voltroam.billing.build import for_cdr
from voltroam.bridge.cdrs import cdr_up
from voltroam.bridge.passage import Inward
from voltroam.bridge.sessions import session_up
from voltroam.bridge.terms import Terms
from voltroam.bridge.v2_3_0.prices import VAT
from voltroam.pricing import Amount, Bill
from voltroam.pricing.bill import Line
from voltroam.pricing.components import TOTALS
from voltroam.pricing.currency import exponent
from voltroam.pricing.decimals import rounded
from voltroam.roaming.accept import accept
from voltroam.roaming.charging.charge import Charge
from voltroam.roaming.charging.terms import Footing
from voltroam.roaming.platforms import Identity
from voltroam.roaming.weigh import Accepted
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new
from voltroam.standard.endpoints import CDR, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.interface import Change
from voltroam.wire.encode import encode


def modern_cdr(cdr: old.CDR, bill: Bill, charge: Charge, footing: Footing) -> new.CDR | None:
    """The same CDR with all that 2.3.0 has a word for; None where 2.2.1 says all of it."""
    if charge.booking_id is None and not footing.rates.is_modern:
        return None
    digits = exponent(cdr.currency)
    found = replace(
        cdr_up(cdr).value,
        booking_id=charge.booking_id,
        charging_periods=[for_cdr(one) for one in charge.course.periods] if charge.course else [],
        tariffs=list(footing.rates.canonical) or None,
        total_cost=taxed(bill.total_cost, bill.lines, digits),
    )
    parts = {
        name: taxed(amount, [one for one in bill.lines if one.dimension is dimension], digits)
        for dimension, name in TOTALS.items()
        if (amount := getattr(bill, name)) is not None
    }
    return replace(found, **parts)


def modern_session(session: old.Session, bill: Bill | None, footing: Footing) -> new.Session | None:
    """The same Session with all that 2.3.0 has a word for; None where 2.2.1 says all of it."""
    if not footing.rates.is_modern and not _is_beyond(session, footing):
        return None
    found = session_up(session).value
    if bill is None:
        return found
    return replace(found, total_cost=taxed(bill.total_cost, bill.lines, exponent(bill.currency)))


def _is_beyond(session: old.Session, footing: Footing) -> bool:
    """A period of it lies after the booked slot."""
    until, periods = footing.terms.booked_until, session.charging_periods
    return bool(until and periods and periods[-1].start_date_time >= until)


def taxed(amount: Amount, lines: Sequence[Line], digits: int) -> new.Price:
    """An amount with a tax for each rate of its lines.

    One tax without a rate where a bound has moved the amount, so that the rates do not add up to
    it; none at all where no tax is known.
    """
    before, after = amount.rounded(digits)
    if after is None:
        return new.Price(before_taxes=before)
    rates = _rates(amount, lines)
    if rates is None:
        return amount.price(digits)
    taxes = {rate: rounded(tax, digits) for rate, tax in rates.items()}
    # what rounding one by one gives or takes goes to the largest: the sum is the bill's
    largest = max(taxes, key=lambda rate: (abs(taxes[rate]), rate))
    taxes[largest] += after - before - sum(taxes.values(), Decimal(0))
    return new.Price(
        before_taxes=before,
        taxes=[
            new.TaxAmount(name=VAT, percentage=rate, amount=tax)
            for rate, tax in sorted(taxes.items())
        ],
    )


def _rates(amount: Amount, lines: Sequence[Line]) -> dict[Decimal, Fraction] | None:
    """The tax of each rate, exact; None where they are not all of the amount's."""
    found: dict[Decimal, Fraction] = {}
    net = Fraction(0)
    for line in lines:
        cost = line.cost
        net += cost.excl
        if line.vat is not None and cost.incl is not None:
            found[line.vat] = found.get(line.vat, Fraction(0)) + cost.incl - cost.excl
    incl = amount.incl
    if incl is None or net != amount.excl or sum(found.values()) != incl - amount.excl:
        return None
    return found or None


def credited(cdr: new.CDR, *, cdr_id: str, taken: old.CDR) -> new.CDR:
    """The Credit CDR in 2.3.0: only total_cost is negated, every tax with it."""
    cost = cdr.total_cost
    taxes = cost.taxes and [replace(tax, amount=-tax.amount) for tax in cost.taxes]
    return replace(
        cdr,
        id=cdr_id,
        credit=True,
        credit_reference_id=cdr.id,
        total_cost=new.Price(before_taxes=-cost.before_taxes, taxes=taxes),
        last_updated=taken.last_updated,
    )


def written(cdr: old.CDR, modern: new.CDR | None, identity: Identity) -> Change[Accepted]:
    """Both in one object: what partners of 2.3.0 read, and what the house and all others do."""
    if modern is None:
        return accept(CDR, encode(cdr), version=V2_2_1, source=None, identity=identity, strict=True)
    owner = PartyId(cdr.country_code, cdr.party_id)
    return written_in_2_3_0(CDR, encode(modern), owner, identity)


def written_in_2_3_0(
    resource: Resource, document: bytes, owner: PartyId, identity: Identity
) -> Change[Accepted]:
    return accept(
        resource, document, version=V2_3_0, source=None, identity=identity, strict=True,
        inward=Inward(resource.object.__name__, V2_3_0, Terms(owner=owner)),
    )  # fmt: skip
