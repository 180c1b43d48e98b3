"""What answers the rows, by name."""

from voltroam.operator.answers.admin import Admin
from voltroam.operator.answers.held import HeldObjects
from voltroam.operator.answers.own import OwnObjects
from voltroam.operator.answers.partners import Partners
from voltroam.operator.answers.search import Search
from voltroam.operator.answers.stuck import Stuck
from voltroam.operator.asked import Answers
from voltroam.operator.audit import Audit
from voltroam.operator.keys import Keys
from voltroam.operator.ports import Ports


def all_answers(ports: Ports, keys: Keys, audit: Audit) -> Answers:
    """Of every part that the node has."""
    return {
        **HeldObjects(ports).answers(),
        **OwnObjects(ports).answers(),
        **Search(ports).answers(),
        **Partners(ports).answers(),
        **Stuck(ports).answers(),
        **Admin(ports, keys, audit).answers(),
    }
