"""What operators see of a hub, joined: no more is loaded than a command needs."""

from voltroam.delivery.freshness import Freshness
from voltroam.delivery.hub_sight import HubSight
from voltroam.delivery.standing import Standings
from voltroam.holdings import Holdings, micros
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.index import RoutingIndex
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.hub.tally import Tally
from voltroam.roaming.hub.trace import Trace
from voltroam.roaming.later import Later


def sight_of(holdings: Holdings, knobs: HubKnobs, later: Later) -> HubSight:
    """What operators see of a hub, also from a process that serves nothing."""
    store, directory = holdings.store, holdings.directory
    book = AgreementBook(store, knobs.default, micros)
    return HubSight(
        store,
        directory,
        holdings.table,
        book=book,
        surroundings=Surroundings(store, directory, holdings.identity, book),
        index=RoutingIndex(store, holdings.vault, later, now=micros),
        freshness=Freshness(store, later, micros),
        tally=Tally(store, directory, later, micros),
        standings=Standings(store, directory, holdings.identity, holdings.table),
        trace=Trace(store, later, now=micros, bodies=knobs.trace_bodies),
        now=micros,
    )
