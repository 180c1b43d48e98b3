"""What a session costs, and why: pure, exact, on the shape of OCPI 2.3.0."""

from voltroam.pricing.amount import Amount
from voltroam.pricing.bill import Ambiguity, Bill, Line
from voltroam.pricing.boundaries import boundaries
from voltroam.pricing.components import Dimension
from voltroam.pricing.grid import Cell, grid
from voltroam.pricing.lint import Finding, lint
from voltroam.pricing.plan import Plan, compile, price  # noqa: A004 - says what it does
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.quote import Quote, quote
from voltroam.pricing.reservation import Outcome
from voltroam.pricing.select import Choice, select
from voltroam.pricing.straddle import Straddle, straddles
from voltroam.pricing.text import text

__all__ = [
    "Ambiguity",
    "Amount",
    "Bill",
    "Cell",
    "Choice",
    "Dimension",
    "Finding",
    "Line",
    "Outcome",
    "Plan",
    "Policy",
    "PricingProblem",
    "Quote",
    "Straddle",
    "boundaries",
    "compile",
    "grid",
    "lint",
    "price",
    "quote",
    "select",
    "straddles",
    "text",
]
