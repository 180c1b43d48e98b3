"""One node that speaks every version, operator and eMSP, with platforms of 2.1.1 and 2.3.0.

| platform | version | parties |
|---|---|---|
| `old` | 2.1.1 | FR/OLC as CPO, at URLs that nobody would guess |
| `older` | 2.1.1 | FR/OLM as eMSP |
| `new` | 2.3.0 | BE/NEW as CPO, BE/NWM as eMSP, BE/NWP as PTP |

What `new` answers until the stage stands has an unknown member in every object, a module that
nobody knows and a version of the future.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_http import Answer, Recorded, Reply
from tests.e2e.mock_partner import Answered
from tests.e2e.nodes import Served, make_node, wait_until
from tests.e2e.speaker import PACKAGES, Speaker
from tests.e2e.stage import wait_for_pull
from tests.e2e.story import speaking

from voltroam.standard.versions import VERSIONS

NODE = ("NL", "NOD")
OLC, OLM = ("FR", "OLC"), ("FR", "OLM")
NEW, NWM, NWP = ("BE", "NEW"), ("BE", "NWM"), ("BE", "NWP")
ODD = "/odd/place"
MET = "L-MET"
"""A location that the node pulled when it met `new`."""


@dataclass(slots=True)
class Versions:
    node: Served
    old: Speaker
    older: Speaker
    new: Speaker

    def load(self, module: str, *objects: Any) -> None:
        report = self.node.load(module, objects)
        assert report == {"accepted": len(objects), "refused": []}, report

    def held(self, module: str, **members: str) -> list[Any]:
        """What the node holds with these members, at home."""
        return [
            one for one in self.node.export(module)
            if all(one.get(name) == value for name, value in members.items())
        ]  # fmt: skip


def call(speaker: Speaker, method: str, path: str, body: Any = None, **query: object) -> Answered:
    """`path`: `RECEIVER/locations/FR/OLC/L1`; with routing headers where the version has them."""
    interface, module, *keys = path.split("/")
    url = speaker.url(module, interface, *keys, **query)
    return speaker.send(
        method, url, body=body, headers=None if speaker.is_old else to_node(speaker)
    )


def to_node(speaker: Speaker) -> dict[str, str]:
    (country, party), (to_country, to_party) = speaker.party, NODE
    return {
        "OCPI-to-country-code": to_country, "OCPI-to-party-id": to_party,
        "OCPI-from-country-code": country, "OCPI-from-party-id": party,
    }  # fmt: skip


async def strange(request: Recorded, answer: Answer) -> Reply:
    """The honest answer with a member more in every object."""
    reply = await answer(request)
    reply.body = json.dumps(_with_foo(json.loads(reply.body))).encode()
    return reply


def _with_foo(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_foo(one) for one in value]
    if isinstance(value, dict):
        return {name: _with_foo(member) for name, member in value.items()} | {"foo": {"bar": [1]}}
    return value


@pytest.fixture(scope="session")
def whole_versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    folder: Path = tmp_path_factory.mktemp("every-version") / "node"
    with ExitStack() as stack:
        node = make_node(folder, "NL/NOD/CPO", "NL/NOD/EMSP", name="node")
        speaking(node, *VERSIONS)
        stack.callback(node.kill)
        node.serve()
        old = stack.enter_context(Speaker("2.1.1", (*OLC, "CPO"), name="old"))
        old.prefix = ODD
        older = stack.enter_context(Speaker("2.1.1", (*OLM, "EMSP"), name="older"))
        roles = ((*NEW, "CPO"), (*NWM, "EMSP"), (*NWP, "PTP"))
        new = stack.enter_context(Speaker("2.3.0", *roles, name="new", more=PACKAGES))
        new.version_numbers = ["2.3.0", "9.9"]
        url = f"{new.base}/2.2.1/s/foo"
        new.extra_endpoints = [{"identifier": "foo", "role": "SENDER", "url": url}]
        new.objects["locations"] = [doc.location(NEW, MET)]
        for method in ("GET", "POST"):
            new.http.on(method, "", strange)
        for speaker in (old, older, new):
            speaker.join(node)
        for speaker in (old, older, new):
            wait_for_pull(node, speaker.name)
        made = Versions(node, old, older, new)
        wait_until(lambda: made.held("locations", id=MET), what="the location of `new`")
        new.http.behave()
        yield made


@pytest.fixture
def versions(whole_versions: Versions) -> Iterator[Versions]:
    """Its platforms are well-behaved when a test begins."""
    yield whole_versions
    for speaker in (whole_versions.old, whole_versions.older, whole_versions.new):
        speaker.http.behave()
