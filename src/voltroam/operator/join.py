"""The operator API of a node, joined from its parts."""

from urllib.parse import urlsplit

from voltroam.operator.answers import all_answers
from voltroam.operator.app import RATE, OperatorApp
from voltroam.operator.audit import Audit
from voltroam.operator.keys import Keys
from voltroam.operator.once import Once
from voltroam.operator.operations import OPERATIONS
from voltroam.operator.ports import Ports
from voltroam.operator.rows.admin import STREAM_EVENTS
from voltroam.operator.stream import EventStream
from voltroam.transport.limits import Limits


def operator_app(
    ports: Ports, *, limits: Limits | None = None, rate: float | None = RATE
) -> OperatorApp:
    """An ASGI application that serves `<path of the node's URL>/operator/` and all below it.

    `rate`: requests per second and key. What a port does not have is not served.
    """
    keys = Keys(ports.store, ports.vault, ports.now)
    audit = Audit(ports.store, ports.now)
    url = ports.identity.url
    return OperatorApp(
        OPERATIONS,
        all_answers(ports, keys, audit),
        keys=keys,
        once=Once(ports.store, ports.vault, ports.now),
        audit=audit,
        fingerprint=ports.fingerprint,
        url=url,
        prefix=urlsplit(url).path,
        limits=limits,
        rate=rate,
        streams=_streams(ports, keys),
    )


def _streams(ports: Ports, keys: Keys) -> dict[str, EventStream]:
    if ports.webhooks is None:
        return {}
    stream = EventStream(
        ports.store, ports.webhooks.tail, ports.webhooks.telling, keys.who,
        fingerprint=ports.fingerprint,
    )  # fmt: skip
    return {STREAM_EVENTS.name: stream}
