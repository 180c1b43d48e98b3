"""What stories of a whole charge share: quiet chargers, documents of the city, spoken versions."""

import json
from typing import Any

from tests.e2e.nodes import Served

SCALE = 60
"""World seconds per second: half an hour of charging takes half a minute."""


def quiet_world(node: Served, *, scale: int = SCALE) -> Served:
    """Served from now on, its chargers are simulated: nobody comes by himself, nothing breaks."""
    node.environment |= {
        "VOLTROAM_HOST": "world",
        "VOLTROAM_WORLD__SCALE": str(scale),
        "VOLTROAM_WORLD__ARRIVALS": "0",
        "VOLTROAM_WORLD__FAULTS": "0",
    }
    return node


def speaking(node: Served, *versions: object) -> Served:
    """Served from now on, it speaks these versions and no other."""
    told = ", ".join(f'"{version}"' for version in versions)
    node.config.write_text(f"versions = [{told}]\n{node.config.read_text('utf-8')}", "utf-8")
    return node


def encoded(documents: Any) -> list[Any]:
    """Documents of the made-up city as JSON values."""
    return [json.loads(json.dumps(document, default=float)) for document in documents]
