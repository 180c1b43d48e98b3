"""Platforms of a hub: `python -m bench.hub.invitations CONFIG COUNT PORT`.

Prints registration tokens for the first few, and enters the others as registered ones whose far
ends listen at PORT: hundreds of registrations over HTTP take minutes, and are not what is measured.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from bench import receivers
from bench.hub.far_ends import MODULES
from bench.hub.stage import party

from voltroam.node import Node
from voltroam.roaming.platforms import EndpointAt, Phase, Platform, Status
from voltroam.roaming.vault import Vault
from voltroam.settings import read_settings
from voltroam.standard.endpoints import Interface
from voltroam.standard.v2_2_1 import BusinessDetails, CredentialsRole, Role
from voltroam.standard.versions import V2_2_1

INVITED = 2
"""Who registers over HTTP: the operator, and one that calls the hub later."""


async def invitations(config: Path, count: int, port: int) -> list[str]:
    node = await Node.open(read_settings(config), config.parent)
    try:
        for number in range(INVITED, count):
            await node.directory.save(registered(number, port, node.holdings.vault))
        few = range(min(INVITED, count))
        return [(await node.registration.invite(f"p{number}")).token for number in few]
    finally:
        await node.close()


def registered(number: int, port: int, vault: Vault) -> Platform:
    """As a registration of an eMSP leaves it."""
    country, code = party(number)
    host = f"{receivers.host(number)}:{port}"
    sides = [
        EndpointAt(module, side, f"http://{host}/2.2.1/{side.value.lower()}/{module}")
        for module in MODULES
        for side in Interface
    ]
    own = EndpointAt("credentials", Interface.SENDER, f"http://{host}/2.2.1/credentials")
    return Platform(
        id=f"platform-{number}",
        name=f"p{number}",
        phase=Phase.REGISTERED,
        status=Status.CONNECTED,
        version=V2_2_1.number,
        versions_url=f"http://{host}/versions",
        roles=(
            CredentialsRole(
                role=Role.EMSP,
                country_code=country,
                party_id=code,
                business_details=BusinessDetails(name=f"Platform {number}"),
            ),
        ),
        endpoints=(own, *sides),
        token_sealed=vault.seal(f"token of {number}".ljust(32, "x")),
        hosts=(host,),
        registered_at=time.time_ns() // 1000,
    )


def main() -> None:
    config, count, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(asyncio.run(invitations(config, count, port))))


if __name__ == "__main__":
    main()
