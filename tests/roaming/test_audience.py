"""Classes of who may see what."""

import json

import pytest
from tests.roaming import objects
from tests.roaming.company import role

from voltroam.roaming.audience import audience_of, sees, visible
from voltroam.roaming.platforms import Identity, Phase, Platform
from voltroam.standard.endpoints import CDR, CLIENT_INFO, LOCATION, SESSION, TARIFF, TOKEN, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CredentialsRole, Role

AAA, BBB, MSP = PartyId("NL", "AAA"), PartyId("NL", "BBB"), PartyId("DE", "MSP")
US = Identity(
    name="us", url="https://us.example",
    roles=(role("NL/AAA", Role.CPO), role("NL/AAA", Role.EMSP), role("NL/BBB", Role.CPO)),
)  # fmt: skip


def partner(*roles: CredentialsRole) -> Platform:
    return Platform(id="p", name="p", phase=Phase.REGISTERED, roles=roles)


def bytes_of(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("resource", "document", "expected"),
    [
        (LOCATION, objects.location(), "NL/AAA"),
        (TARIFF, objects.tariff(), "NL/AAA"),
        (TOKEN, objects.token(), "NL/AAA"),
        (SESSION, objects.session(), "NL/AAA>DE/MSP"),
        (CDR, objects.cdr(), "NL/AAA>DE/MSP"),
        (CLIENT_INFO, objects.client_info(), ""),
    ],
)
def test_an_own_object_has_the_class_of_its_kind(
    resource: Resource, document: object, expected: str
) -> None:
    got = audience_of(resource, bytes_of(document), AAA, US, private=False)
    assert got == expected


def test_a_private_object_leaves_to_nobody_and_a_foreign_one_is_only_held() -> None:
    """LOC-FLOW-06"""
    document = bytes_of(objects.location())
    assert audience_of(LOCATION, document, AAA, US, private=True) == "-"
    assert audience_of(LOCATION, document, MSP, US, private=False) == ""
    anyone = partner(role("DE/MSP", Role.EMSP), role("DE/MSP", Role.HUB))
    assert not sees(anyone, US, LOCATION, "-")
    assert not sees(anyone, US, LOCATION, "")


@pytest.mark.parametrize(
    ("who", "resource", "expected"),
    [
        (Role.EMSP, LOCATION, ("NL/AAA", "NL/BBB")),
        (Role.NSP, LOCATION, ("NL/AAA", "NL/BBB")),
        (Role.CPO, LOCATION, ()),
        (Role.NAP, TARIFF, ("NL/AAA", "NL/BBB")),
        (Role.CPO, TOKEN, ("NL/AAA",)),
        (Role.EMSP, TOKEN, ()),
        (Role.EMSP, SESSION, ("NL/AAA>DE/MSP", "NL/BBB>DE/MSP")),
        (Role.EMSP, CDR, ("NL/AAA>DE/MSP", "NL/BBB>DE/MSP")),
        (Role.CPO, CDR, ()),
        (Role.HUB, CLIENT_INFO, ()),
    ],
)
def test_a_partner_sees_what_its_roles_receive(
    who: Role, resource: Resource, expected: tuple[str, ...]
) -> None:
    assert visible(partner(role("DE/MSP", who)), US, resource) == expected


def test_the_party_addressed_narrows_what_is_seen() -> None:
    """CORE-ROUTE-11"""
    emsp = partner(role("DE/MSP", Role.EMSP))
    assert visible(emsp, US, LOCATION, PartyId("nl", "bbb")) == ("NL/BBB",)
    assert visible(emsp, US, LOCATION, MSP) == ()


def test_parties_behind_a_hub_see_their_sessions_through_it() -> None:
    hub = partner(role("EU/HUB", Role.HUB))
    assert "NL/AAA>DE/MSP" not in visible(hub, US, SESSION)
    assert "NL/AAA>DE/MSP" in visible(hub, US, SESSION, behind=[MSP])
