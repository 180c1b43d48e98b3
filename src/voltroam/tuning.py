"""The settings' tables of the parts that are loaded only by who uses them."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from voltroam.delivery.keeping import RetentionKnobs
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.commanding.knobs import CommandKnobs
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.settings import Settings, SettingsError

K = TypeVar("K", bound=msgspec.Struct)


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """One table of `voltroam.toml` each."""

    authorization: AuthorizationKnobs
    charging: ChargingKnobs
    commands: CommandKnobs
    hub: HubKnobs
    profiles: ProfileKnobs
    retention: RetentionKnobs
    webhooks: WebhookKnobs


def read_tuning(settings: Settings) -> Tuning:
    """Raises SettingsError for a key that a table has not, or a value that it cannot have."""
    return Tuning(
        authorization=_read("authorization", settings.authorization, AuthorizationKnobs),
        charging=_read("charging", settings.charging, ChargingKnobs),
        commands=_read("commands", settings.commands, CommandKnobs),
        hub=_read("hub", settings.hub, HubKnobs),
        profiles=_read("profiles", settings.profiles, ProfileKnobs),
        retention=_read("retention", settings.retention, RetentionKnobs),
        webhooks=_read("webhooks", settings.webhooks, WebhookKnobs),
    )


def _read(table: str, values: Mapping[str, Any], shape: type[K]) -> K:
    unknown = set(values) - set(shape.__struct_fields__)
    if unknown:
        raise SettingsError(f"[{table}] has no key `{min(unknown)}`.")
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"[{table}] cannot be used: {error}.") from None
