"""A platform of any version for tests, and small documents of 2.1.1, by hand from its chapters."""

from collections.abc import Sequence
from typing import Any

from tests.e2e import documents as doc
from tests.e2e.mock_http import Recorded, Reply
from tests.e2e.mock_partner import MODULES, Answered, Json, MockPartner, Peer, envelope
from tests.e2e.nodes import Served

PLACE = "LOC1"
MORE = ("commands", "chargingprofiles")
PACKAGES = ("Booking", "payments", "invoicereconciliation")
"""Modules of 2.3.0 alone, by their identifiers."""


class Speaker(MockPartner):
    """A platform that speaks one version. In 2.1.1 it is one party: a CPO or an eMSP."""

    def __init__(
        self,
        version: str,
        *roles: tuple[str, str, str],
        name: str,
        more: Sequence[str] = (),
    ) -> None:
        super().__init__(
            *roles,
            name=name,
            modules=(*MODULES, *MORE, *more),
            page=20,
            as_base64=version != "2.1.1",
        )
        self.objects |= {module: [] for module in (*MORE, *more)}
        self.version = version
        self.version_numbers = [version]

    @property
    def is_old(self) -> bool:
        return self.version == "2.1.1"

    def endpoints(self) -> list[Json]:
        lines = super().endpoints()
        if not self.is_old:
            return lines
        return [
            {"identifier": line["identifier"], "url": line["url"]}
            for line in lines
            if line["identifier"] == "credentials" or line["role"] == self._side(line["identifier"])
        ]

    def _side(self, module: str) -> str | None:
        """Ours; 2.1.1 has neither client info nor profiles."""
        ours = ("locations", "sessions", "cdrs", "tariffs")
        theirs = ("tokens", "commands")
        if module not in ours + theirs:
            return None
        return "SENDER" if (module in ours) == (self.roles[0][2] == "CPO") else "RECEIVER"

    def credentials(self, token: str) -> Json:
        whole = super().credentials(token)
        if not self.is_old:
            return whole
        role = whole.pop("roles")[0]
        return whole | {key: value for key, value in role.items() if key != "role"}

    def read_details(self, peer: Peer) -> None:
        versions = self.send("GET", peer.versions_url, token=peer.token)
        url = next(line["url"] for line in versions.data if line["version"] == self.version)
        lines = self.send("GET", url, token=peer.token).data["endpoints"]
        for line in lines:
            module = line["identifier"]
            other = "RECEIVER" if self._side(module) == "SENDER" else "SENDER"
            peer.endpoints[module, line.get("role", other)] = line["url"]

    def _post_cdr(self, request: Recorded) -> Reply:
        if not self.is_old:
            return super()._post_cdr(request)
        reply = envelope()
        reply.headers["Location"] = f"{self.base}/2.2.1/r/cdrs/{request.json['id']}"
        return reply

    def join(self, hub: Served) -> "Speaker":
        invitation = hub.json("partner", "invite", self.name)
        tree = "emsp" if self.roles[0][2] == "CPO" else "cpo"
        url = f"{hub.url}/ocpi/{tree}/versions" if self.is_old else invitation["versions_url"]
        answer = self.register(url, invitation["token"])
        assert answer.code == 1000, answer
        return self

    def register(self, versions_url: str, token_a: str) -> Answered:
        peer = Peer(versions_url, token_a)
        self.read_details(peer)
        self.tokens.add(token_b := f"B-{self.name}")
        where = next(url for (name, _), url in peer.endpoints.items() if name == "credentials")
        answer = self.send("POST", where, body=self.credentials(token_b), token=token_a)
        if answer.code == 1000:
            peer.token = answer.data["token"]
            self.peer = peer
        return answer


def old_location(identifier: str) -> Json:
    """As 2.1.1 has it, written by hand from its chapter."""
    connector = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "voltage": 230, "amperage": 16, "last_updated": doc.LONG_AGO,
    }  # fmt: skip
    evse = {
        "uid": "E1", "evse_id": "NL*OLD*E1", "status": "AVAILABLE", "connectors": [connector],
        "last_updated": doc.LONG_AGO,
    }  # fmt: skip
    return {
        "id": identifier, "type": "ON_STREET", "name": "Dom", "address": "Domplein 29",
        "city": "Utrecht", "postal_code": "3512 JC", "country": "NLD",
        "coordinates": {"latitude": "52.090700", "longitude": "5.121400"},
        "time_zone": "Europe/Amsterdam", "evses": [evse], "last_updated": doc.LONG_AGO,
    }  # fmt: skip


def old_session(identifier: str, contract: str, **changes: Any) -> Json:
    return {
        "id": identifier, "start_datetime": "2026-01-01T10:00:00Z", "kwh": 1.5,
        "auth_id": contract, "auth_method": "WHITELIST", "location": old_location(PLACE),
        "currency": "EUR", "charging_periods": [doc.period()], "total_cost": 4.0,
        "status": "ACTIVE", "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip


def old_cdr(identifier: str, contract: str) -> Json:
    return {
        "id": identifier, "start_date_time": "2026-01-01T10:00:00Z",
        "stop_date_time": "2026-01-01T11:00:00Z", "auth_id": contract, "auth_method": "WHITELIST",
        "location": old_location(PLACE), "currency": "EUR", "charging_periods": [doc.period()],
        "total_cost": 4.0, "total_energy": 1.5, "total_time": 1, "last_updated": doc.LONG_AGO,
    }  # fmt: skip


def old_tariff(identifier: str, **changes: Any) -> Json:
    price = {"type": "ENERGY", "price": 0.25, "step_size": 1}
    members = {"id": identifier, "currency": "EUR", "elements": [{"price_components": [price]}]}
    return members | {"last_updated": doc.LONG_AGO} | changes


def old_token(uid: str, **changes: Any) -> Json:
    return {
        "uid": uid, "type": "RFID", "auth_id": f"FR-OLM-{uid}", "issuer": "Olm", "valid": True,
        "whitelist": "ALLOWED", "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip
