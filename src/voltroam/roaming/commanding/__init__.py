"""Commands, both ways (OCPI 2.2.1 §mod_commands).

`Commands` sends them and waits for what comes to its response URLs; `Orders` takes them from
partners, hands them to the host and posts the results.
"""

from voltroam.roaming.commanding.command import Command, CommandState
from voltroam.roaming.commanding.commands import Commands
from voltroam.roaming.commanding.knobs import CommandKnobs
from voltroam.roaming.commanding.order import OrderEntry, OrderState
from voltroam.roaming.commanding.orders import Orders
from voltroam.roaming.commanding.reservation import Ending, Reservation, ReservationState

__all__ = [
    "Command",
    "CommandKnobs",
    "CommandState",
    "Commands",
    "Ending",
    "OrderEntry",
    "OrderState",
    "Orders",
    "Reservation",
    "ReservationState",
]
