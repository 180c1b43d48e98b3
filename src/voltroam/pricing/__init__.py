"""What a session costs, and why: pure, exact, on the shape of OCPI 2.3.0."""

from voltroam.pricing.amount import Amount
from voltroam.pricing.bill import Ambiguity, Bill, Line
from voltroam.pricing.components import Dimension
from voltroam.pricing.plan import Plan, compile, price  # noqa: A004 - says what it does
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.reservation import Outcome

__all__ = [
    "Ambiguity",
    "Amount",
    "Bill",
    "Dimension",
    "Line",
    "Outcome",
    "Plan",
    "Policy",
    "PricingProblem",
    "compile",
    "price",
]
