"""A made-up module: what the weather is at a location. One chapter file, and nothing else."""

import msgspec

from voltroam.standard.endpoints import (
    DATA_USERS,
    Audience,
    Behaviour,
    Endpoint,
    Interface,
    Module,
    Removal,
    Resource,
)
from voltroam.standard.types import DateTime
from voltroam.standard.v2_2_1.credentials import Role


class Weather(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What the weather is at one location, in degrees Celsius."""

    country_code: str
    party_id: str
    id: str
    location_id: str
    degrees: float
    last_updated: DateTime


CPO = frozenset({Role.CPO})
MODULE = Module("nlnod-weather", "weather", CPO, DATA_USERS)
WEATHER = Resource(
    "nlnod-weather",
    Weather,
    ("id",),
    CPO,
    Audience.PARTNERS,
    readers=DATA_USERS,
    removal=Removal.DELETE,
    first_fill=9,
)
OWNED = "{country_code}/{party_id}/{id}"

ROWS = [
    Endpoint(
        MODULE,
        Interface.SENDER,
        "GET",
        "",
        Behaviour.LIST,
        WEATHER,
        gives=Weather,
        gives_list=True,
        query=("date_from", "date_to", "offset", "limit"),
    ),
    *(
        Endpoint(
            MODULE,
            Interface.RECEIVER,
            behaviour.upper(),
            OWNED,
            behaviour,
            WEATHER,
            takes=Weather if behaviour in (Behaviour.PUT, Behaviour.PATCH) else None,
            gives=Weather if behaviour is Behaviour.GET else None,
            owner_in_path=True,
        )
        for behaviour in (Behaviour.GET, Behaviour.PUT, Behaviour.PATCH, Behaviour.DELETE)
    ),
]
