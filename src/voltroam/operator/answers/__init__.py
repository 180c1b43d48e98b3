"""What answers the rows, by name."""

from voltroam.operator.answers.admin import Admin
from voltroam.operator.answers.authorizing import Authorizations, Authorizing, TokenLimiting
from voltroam.operator.answers.bookings import Booked
from voltroam.operator.answers.charging import Sessions
from voltroam.operator.answers.commanding import Commanding, Ordered
from voltroam.operator.answers.granting import Granting
from voltroam.operator.answers.held import HeldObjects
from voltroam.operator.answers.hub import Connected
from voltroam.operator.answers.invoices import Invoices
from voltroam.operator.answers.money import Billing, Money
from voltroam.operator.answers.own import OwnObjects
from voltroam.operator.answers.partners import Partners
from voltroam.operator.answers.payments import Payments
from voltroam.operator.answers.profiling import Preferring, Profiling, Steered
from voltroam.operator.answers.search import Search
from voltroam.operator.answers.shown import ShownTariffs
from voltroam.operator.answers.stuck import Stuck
from voltroam.operator.answers.webhooks import Hooks
from voltroam.operator.asked import Answer, Answers
from voltroam.operator.audit import Audit
from voltroam.operator.keys import Keys
from voltroam.operator.ports import Ports


def all_answers(ports: Ports, keys: Keys, audit: Audit) -> Answers:
    """Of every part that the node has."""
    return {
        **HeldObjects(ports).answers(),
        **OwnObjects(ports).answers(),
        **ShownTariffs(ports).answers(),
        **Search(ports).answers(),
        **Partners(ports).answers(),
        **Stuck(ports).answers(),
        **Admin(ports, keys, audit).answers(),
        **TokenLimiting(ports).answers(),
        **Money(ports).answers(),
        **_live(ports),
    }


def _live(ports: Ports) -> Answers:
    """Of the parts that a node may lack."""
    found: dict[str, Answer] = {}
    if ports.charging is not None:
        found |= Sessions(ports, ports.charging).answers()
        found |= Billing(ports, ports.charging).answers()
    if ports.commands is not None:
        found |= Commanding(ports, ports.commands).answers()
    if ports.orders is not None:
        found |= Ordered(ports, ports.orders).answers()
    if ports.profiles is not None:
        found |= Profiling(ports, ports.profiles).answers()
    if ports.steering is not None:
        found |= Steered(ports, ports.steering).answers()
        found |= Granting(ports, ports.steering.grants).answers()
    if ports.preferences is not None:
        found |= Preferring(ports, ports.preferences).answers()
    if ports.authorizer is not None:
        found |= Authorizing(ports, ports.authorizer).answers()
    if ports.authorizations is not None:
        found |= Authorizations(ports, ports.authorizations).answers()
    if ports.hub is not None:
        found |= Connected(ports, ports.hub).answers()
    if ports.webhooks is not None:
        found |= Hooks(ports.webhooks).answers()
    return {**found, **_packaged(ports)}


def _packaged(ports: Ports) -> Answers:
    """Of the modules that 2.3.0 brings."""
    found: dict[str, Answer] = {}
    if ports.reconciling is not None:
        found |= Invoices(ports.reconciling).answers()
    if ports.bookings is not None and ports.desk is not None:
        found |= Booked(ports, ports.bookings, ports.desk).answers()
    if ports.terminals is not None and ports.paying is not None:
        found |= Payments(ports, ports.terminals, ports.paying).answers()
    return found
