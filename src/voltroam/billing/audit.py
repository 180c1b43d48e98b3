"""Is this charge right? A CDR recomputed, and every difference with its amount and its cause."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from itertools import islice

import msgspec

from voltroam.billing import causes, checks
from voltroam.billing.any_version import UTC_ZONE, Priceable, of_cdr, price_any, zone_for
from voltroam.billing.causes import Cause, Sums, agrees, sums_of
from voltroam.billing.findings import Audit, Finding, Verdict, worst
from voltroam.billing.problem import BillingProblem
from voltroam.billing.recut import recut
from voltroam.pricing import Bill, Outcome, Policy, straddles
from voltroam.pricing.components import TOTALS
from voltroam.pricing.currency import exponent
from voltroam.pricing.decimals import rounded
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import fold
from voltroam.standard.v2_3_0 import CDR, Price, Session, Tariff

NAMES = ("total_cost", *TOTALS.values())
RESERVATION_OUTCOME = "RESERVATION_OUTCOME"
UNKNOWN_FLOW = "A19"
LINES = "A23"
UNCUT = "PERIODS_NOT_CUT"
DIGITS = 4
LARGE = 300_000
"""By `effort`: a session of more is priced, and no other reading of it is tried."""
EFFORT = 2_000_000
"""What is spent on finding the cause of a difference: half a second or less."""

Sides = tuple[Decimal, Decimal | None]
"""Without and with VAT; None where the VAT is not stated."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a CDR does not say itself, as far as it is known."""

    zone: str | None = None
    """IANA name, from the location."""
    policy: Policy = field(default_factory=Policy)
    reservation_outcome: str | None = None
    session: Session | None = None
    published: Sequence[Tariff] = ()
    """The CPO's tariffs as they were published at the start of the session."""
    partner: str = ""


def audit(cdr: CDR, context: Context | None = None) -> Audit:
    """The verdict on one CDR; a CDR that cannot be priced is a finding, never an error."""
    context = context or Context()
    found = [*checks.quantities(cdr), *checks.dates(cdr), *checks.validity(cdr)]
    if context.session is not None:
        found += checks.against_session(cdr, context.session)
    computed: Decimal | None = None
    try:
        bill = _Recomputed(cdr, context)
        computed = bill.total
        found += bill.findings()
    except CallerError as problem:
        found.append(_cannot(problem))
    claimed = cdr.total_cost.before_taxes
    return Audit(
        id=cdr.id,
        owner=f"{cdr.country_code}/{cdr.party_id}",
        partner=context.partner,
        start=cdr.start_date_time,
        month=f"{cdr.start_date_time:%Y-%m}",
        currency=cdr.currency,
        verdict=worst(one.verdict for one in found),
        claimed=claimed,
        computed=computed,
        difference=None if computed is None else claimed - computed,
        credit=bool(cdr.credit),
        findings=tuple(found),
    )


def _cannot(problem: CallerError) -> Finding:
    path = getattr(problem, "path", "$")
    reason = getattr(problem, "reason", problem.message)
    text = f"cannot be recomputed: {reason}"
    return Finding(code="NOT_PRICEABLE", verdict=Verdict.CANNOT_TELL, path=path, text=text)


def sides_of(price: Price) -> Sides:
    if price.taxes is None:
        return price.before_taxes, None
    return price.before_taxes, price.before_taxes + sum(tax.amount for tax in price.taxes)


class _Recomputed:
    """A CDR beside its bill. Raises CallerError if there is no bill."""

    def __init__(self, cdr: CDR, context: Context) -> None:
        self.cdr = cdr
        self.context = context
        self.policy = context.policy
        self.held: list[Finding] = []
        """What the CDR does not hold and was taken from elsewhere: tariffs, its zone."""
        self.case = self._completed(of_cdr(cdr, outcome=context.reservation_outcome))
        self.zone = zone_for(self.case.tariffs, context.zone, self.case.place)
        if context.zone is None and self.zone != UTC_ZONE:
            text = f"nobody tells the time zone: {self.zone} was taken, where the coordinates lie"
            path = "$.cdr_location.coordinates"
            self.held.append(Finding(code="ZONE", verdict=Verdict.OK, path=path, text=text))
        self.effort = causes.effort(self.case)
        self.large = self.effort > LARGE
        self.digits = exponent(cdr.currency)
        self.unit = Decimal(1).scaleb(-self.digits)
        self.claims = self._claims()
        self.bill = self._bill()
        self.sums: Sums = sums_of(self.bill)
        self._tried: list[Cause] = []
        self._untried: Iterator[Cause] | None = None

    def _completed(self, case: Priceable) -> Priceable:
        """With the published tariffs where the CDR names some that it does not hold."""
        there = {fold(one.id) for one in case.tariffs}
        published = {fold(one.id): one for one in self.context.published}
        added: dict[str, Tariff] = {}
        for index, period in enumerate(case.periods):
            name = fold(period.tariff_id or "")
            if not name or name in there or name in added or name not in published:
                continue
            known, path = published[name], f"$.charging_periods[{index}].tariff_id"
            changed = f"{known.last_updated:%Y-%m-%d %H:%M} UTC"
            if known.last_updated > self.cdr.start_date_time:
                reason = f"tariff {known.id} is not in the CDR, and the one known was changed at"
                raise BillingProblem(path, f"{reason} {changed}, after the session began")
            added[name] = known
            text = f"tariff {known.id} is not in the CDR: the one known since {changed} was taken"
            self.held.append(Finding(code="TARIFF_HELD", verdict=Verdict.OK, path=path, text=text))
        return replace(case, tariffs=(*case.tariffs, *added.values())) if added else case

    def _claims(self) -> dict[str, Sides]:
        """What is stated; a credit CDR is the negative of what it takes back."""
        found = {}
        for name in NAMES:
            price: Price | None = getattr(self.cdr, name)
            if price is not None:
                excl, incl = sides_of(price)
                if name == "total_cost" and self.cdr.credit:
                    excl, incl = -excl, None if incl is None else -incl
                found[name] = (excl, incl)
        return found

    def _bill(self) -> Bill:
        """How a reservation ended is not in a CDR: of the three endings the one that fits."""
        bill = price_any(self.case, zone=self.zone, policy=self.policy)
        codes = {warning.code for warning in bill.warnings}
        if RESERVATION_OUTCOME not in codes or self._fits(sums_of(bill)):
            return bill
        for outcome in Outcome:
            case = replace(self.case, reservation_outcome=outcome)
            other = price_any(case, zone=self.zone, policy=self.policy)
            if self._fits(sums_of(other)):
                self.case = case
                return other
        return bill

    @property
    def total(self) -> Decimal:
        amount = rounded(self.bill.total_cost.excl, DIGITS)
        return -amount if self.cdr.credit else amount

    def findings(self) -> Iterator[Finding]:
        cut = None if self.large else self._cut_case()
        yield from self.held
        if self.large:
            yield Finding(
                code="LARGE",
                verdict=Verdict.OK,
                path="$.charging_periods",
                text="too many periods and restrictions to look for cuts and for every cause",
            )
        yield from self._straddles(cut)
        yield from self._published()
        yield from self._money(cut)

    # amounts

    def _fits(self, sums: Sums, names: Sequence[str] = NAMES) -> bool:
        """Every amount that is stated comes out, both sides."""
        return all(self._agrees(name, sums) for name in names if name in self.claims)

    def _agrees(self, name: str, sums: Sums) -> bool:
        excl, incl = self.claims[name]
        amount = sums.get(name)
        if amount is None:
            return not excl and not incl
        if not agrees(excl, amount.excl, self.digits):
            return False
        if incl is None:
            return True
        gross = amount.excl if amount.incl is None else amount.incl
        return agrees(incl, gross, self.digits)

    def _money(self, cut: Priceable | None) -> Iterator[Finding]:
        wrong = [name for name in self.claims if not self._agrees(name, self.sums)]
        if not wrong:
            return
        differences = {name: self._difference(name) for name in wrong}
        small = all(abs(one[1] - one[2]) <= self.unit for one in differences.values())
        manner = self._manner(wrong)
        found = None if manner else self._cause(cut, NAMES)
        for name in wrong:
            side, claimed, computed = differences[name]
            cause = found
            if cause is None and not manner:
                cause = self._cause(cut, (name,))
            verdict = self._verdict(cause, small=small, manner=manner)
            code, text = manner or self._said(cause, verdict)
            yield Finding(
                code="MONEY",
                verdict=verdict,
                path=f"$.{name}",
                claimed=claimed,
                computed=computed,
                difference=claimed - computed,
                unit=self.cdr.currency,
                cause=code,
                text=f"{side} {claimed:f} {self.cdr.currency}, recomputed {computed:f}: {text}",
            )

    def _difference(self, name: str) -> tuple[str, Decimal, Decimal]:
        """Which side, claimed and computed: the side with VAT only if the other agrees."""
        excl, incl = self.claims[name]
        amount = self.sums.get(name)
        net = Fraction(0) if amount is None else amount.excl
        gross = net if amount is None or amount.incl is None else amount.incl
        side, claimed, exact = "without VAT", excl, net
        if incl is not None and agrees(excl, net, self.digits):
            side, claimed, exact = "with VAT", incl, gross
        computed = rounded(exact, DIGITS)
        if name == "total_cost" and self.cdr.credit:
            claimed, computed = -claimed, -computed
        return side, claimed, computed

    def _manner(self, wrong: Sequence[str]) -> tuple[str, str] | None:
        """The way of rounding that gives all amounts, if one does."""
        for code, mode, text in (
            ("CUT", ROUND_DOWN, "decimals were cut off instead of rounded"),
            ("UP", ROUND_CEILING, "it was always rounded up"),
            ("HALF_EVEN", ROUND_HALF_EVEN, "halves were rounded to the even digit"),
        ):
            if all(self._in_mode(name, mode) for name in wrong):
                return code, text
        if self.large:
            return None
        lines = msgspec.structs.replace(self.policy, rounding="lines")
        bill = price_any(self.case, zone=self.zone, policy=lines)
        return (LINES, "each line was rounded by itself") if self._fits(sums_of(bill)) else None

    def _in_mode(self, name: str, mode: str) -> bool:
        excl, incl = self.claims[name]
        amount = self.sums.get(name)
        if amount is None:
            return False
        gross = amount.excl if amount.incl is None else amount.incl
        sides = [(excl, amount.excl)] + ([] if incl is None else [(incl, gross)])
        return all(
            agrees(claimed, exact, self.digits) or _rounded_so(exact, claimed, self.digits, mode)
            for claimed, exact in sides
        )

    def _causes(self, cut: Priceable | None) -> Iterator[Cause]:
        yield from causes.miscounted(self.bill)
        if self.large:
            return
        misread = causes.misread(self.case, self.zone, self.policy, self.bill)
        yield from islice(misread, EFFORT // self.effort)
        if cut is not None:
            bill = price_any(cut, zone=self.zone, policy=self.policy)
            text = "the price changes inside a period; it was charged as if the period were cut"
            yield Cause(UNCUT, text, sums_of(bill))
        if self.context.published:
            published = self.context.published
            yield from causes.published(self.case, published, self.zone, self.policy)

    def _cause(self, cut: Priceable | None, names: Sequence[str]) -> Cause | None:
        if self._untried is None:
            self._untried = self._causes(cut)
        for cause in self._tried:
            if self._fits(cause.sums, names):
                return cause
        for cause in self._untried:
            self._tried.append(cause)
            if self._fits(cause.sums, names):
                return cause
        return None

    def _verdict(
        self, cause: Cause | None, *, small: bool, manner: tuple[str, str] | None
    ) -> Verdict:
        if manner:
            return Verdict.ROUNDING
        code = cause.code if cause else ""
        if small and not code.startswith("STEP_"):
            return Verdict.ROUNDING
        if code in (UNKNOWN_FLOW, UNCUT):
            return Verdict.CANNOT_TELL
        unknown = any(warning.code == UNKNOWN_FLOW for warning in self.bill.warnings)
        return Verdict.CANNOT_TELL if unknown and not code else Verdict.DIFFERS

    def _said(self, cause: Cause | None, verdict: Verdict) -> tuple[str, str]:
        if cause is not None:
            return cause.code, cause.text
        if verdict is Verdict.ROUNDING:
            return "", "a difference of rounding"
        return "", "no known mistake gives this amount"

    # periods and tariffs

    def _cut_case(self) -> Priceable | None:
        """The session cut where its price changes; None where no period straddles that."""
        try:
            periods = recut(self.case.periods, self.case.tariffs, self.cdr.end_date_time, self.zone)
        except CallerError:
            return None  # dates that the checks have told of, or more cuts than a session has
        if len(periods) == len(self.case.periods):
            return None
        cut = replace(self.case, periods=tuple(periods))
        self.large = causes.effort(cut) > LARGE
        return None if self.large else cut

    def _straddles(self, cut: Priceable | None) -> Iterator[Finding]:
        if cut is None:
            return
        other = price_any(cut, zone=self.zone, policy=self.policy)
        gap = rounded(self.bill.total_cost.excl - other.total_cost.excl, DIGITS)
        for one in straddles(
            self.case.tariffs,
            self.case.periods,
            end=self.cdr.end_date_time,
            zone=self.zone,
            policy=self.policy,
            reservation_outcome=self.case.reservation_outcome,
        ):
            now = "free" if one.element is None else f"by element {one.element + 1}"
            then = "free" if one.then is None else f"by element {one.then + 1}"
            text = (
                f"{one.dimension} is {now} until {one.at.isoformat()} and {then} after it, inside"
                " the period: it should have been cut there"
            )
            if gap:
                text += f"; the total would be {rounded(other.total_cost.excl, DIGITS):f} then"
            yield Finding(
                code="STRADDLE",
                verdict=Verdict.CANNOT_TELL if gap else Verdict.OK,
                path=f"$.charging_periods[{one.period}]",
                difference=gap,
                unit=self.cdr.currency,
                text=text,
            )

    def _published(self) -> Iterator[Finding]:
        published: Mapping[str, Tariff] = {fold(one.id): one for one in self.context.published}
        for index, tariff in enumerate(self.cdr.tariffs or ()):
            known = published.get(fold(tariff.id))
            if known is None:
                continue
            changed = checks.tariff_changes(tariff, known)
            if changed:
                yield self._unlike(index, tariff, known, changed)

    def _unlike(self, index: int, tariff: Tariff, known: Tariff, changed: list[str]) -> Finding:
        text = f"tariff {tariff.id} is not as it was published: {', '.join(changed)}"
        newer = known.last_updated > self.cdr.start_date_time
        if newer:
            text += "; the published one was changed after the session began"
        try:
            other = price_any(
                self.case.with_tariffs([known]), zone=self.zone, policy=self.policy
            ).total_cost
        except CallerError as problem:
            return Finding(
                code="TARIFF_CHANGED",
                verdict=Verdict.CANNOT_TELL,
                path=f"$.tariffs[{index}]",
                text=f"{text}; by that one the session cannot be priced: {problem.message}",
            )
        gap = rounded(self.bill.total_cost.excl - other.excl, DIGITS)
        verdict = Verdict.CANNOT_TELL if newer else Verdict.DIFFERS
        return Finding(
            code="TARIFF_CHANGED",
            verdict=verdict if gap else Verdict.OK,
            path=f"$.tariffs[{index}]",
            claimed=rounded(self.bill.total_cost.excl, DIGITS),
            computed=rounded(other.excl, DIGITS),
            difference=gap,
            unit=self.cdr.currency,
            text=text,
        )


def _rounded_so(exact: Fraction, claimed: Decimal, digits: int, mode: str) -> bool:
    shown = max(digits, -int(claimed.as_tuple().exponent))
    with localcontext() as context:
        context.prec = 60
        number = Decimal(exact.numerator) / Decimal(exact.denominator)
        return number.quantize(Decimal(1).scaleb(-min(shown, 12)), mode) == claimed
