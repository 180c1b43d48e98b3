"""The settings' tables of the parts that are loaded only by who uses them."""

import msgspec

from voltroam.delivery.keeping import RetentionKnobs
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.knobs import read_knobs
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.commanding.knobs import CommandKnobs
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.settings import Settings


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
        authorization=read_knobs("authorization", settings.authorization, AuthorizationKnobs),
        charging=read_knobs("charging", settings.charging, ChargingKnobs),
        commands=read_knobs("commands", settings.commands, CommandKnobs),
        hub=read_knobs("hub", settings.hub, HubKnobs),
        profiles=read_knobs("profiles", settings.profiles, ProfileKnobs),
        retention=read_knobs("retention", settings.retention, RetentionKnobs),
        webhooks=read_knobs("webhooks", settings.webhooks, WebhookKnobs),
    )
