"""URLs through the hub: a receiver's URL becomes one of ours, and leads back to it.

Where URLs hide is told by the table: `Link` of lists, `Location` of what was created, and the
`response_url` of what gets its result later. Each is for one platform only. A `Link` carries all
that it stands for, signed, so that a crawl writes nothing; the others are short names of records,
for the standard gives a URL 255 characters.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urljoin

import msgspec
from msgspec import structs

from voltroam.roaming.callbacks import check_response_url, response_url
from voltroam.roaming.exchange import host_of
from voltroam.roaming.platforms import Platform
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Behaviour, Endpoint, Table, UrlPlace
from voltroam.standard.errors import CallerError, InvalidBody, NotFound, Unusable
from voltroam.standard.parties import PartyId
from voltroam.store.interface import Change, Decision, Record, RecordDraft, RecordKey, Store
from voltroam.wire.call import Call
from voltroam.wire.paging import next_link
from voltroam.wire.routes import Router, join

HUB_URL = "hub_url"
"""Record kind of `Passage`; the record's id stands in the URL, `due` is when it may go."""
VIA = "via"
"""Our own query parameter of a list's next page."""
RESPONSE_URL = "response_url"
DAY = 86_400_000_000
RESULT_KEPT = 7 * DAY
"""Microseconds in which a result may come."""
LOCATION_KEPT = 400 * DAY
_LONGEST_LINK = 6_000
"""Characters: servers refuse long URLs, two hubs in a row make longer ones."""
_NAME = re.compile(r"hub-[0-9a-f]{32}")


class Passage(msgspec.Struct, frozen=True):
    """What a URL of ours stands for, and who may use it."""

    holder: str
    """Platform id."""
    platform: str
    """Whose URL it is."""
    url: str
    country_code: str
    party_id: str
    """Of the party that is reached there."""

    @property
    def party(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)

    def __repr__(self) -> str:
        return f"Passage({self.party} on {self.platform}, for {self.holder})"


class HubUrls:
    """Makes such URLs and finds what they stand for; any process of the hub can. `now` in µs."""

    def __init__(
        self, store: Store, vault: Vault, router: Router, table: Table, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._vault = vault
        self._router = router
        self._table = table
        self._now = now

    async def resolve(self, call: Call, caller: Platform) -> Passage | None:
        """What the call's URL stands for, if it is one of these.

        NotFound for one that was never given out, is over, or is another platform's.
        """
        if call.endpoint.behaviour is Behaviour.LIST:
            text = call.query.get(VIA)
            passage = self._signed(text) if text else None
        else:
            name = [*call.keys.values()][-1].lower() if call.keys else ""
            if not _NAME.fullmatch(name):
                return None
            record = await self._store.record(RecordKey(HUB_URL, name))
            passage = self._read(record)
        if passage is not None and passage.holder != caller.id:
            raise NotFound("No such object")
        return passage

    async def outward(self, call: Call, asking: PartyId, caller: Platform, to: Platform) -> Call:
        """The call as the receiver gets it: the URL for its result is one of ours.

        CallerError 2001 for one that is not at a host of the caller.
        """
        if call.endpoint.urls is UrlPlace.QUERY:
            url = call.query.get(RESPONSE_URL)
            if url is None:
                return call
            ours = await self._for_result(call, url, asking, caller, to)
            return structs.replace(call, query={**call.query, RESPONSE_URL: ours})
        if call.endpoint.urls is not UrlPlace.BODY or call.body is None:
            return call
        members = _members(call.body)
        url = _text(members.get(RESPONSE_URL))
        if url is None:
            return call  # the receiver tells what it lacks
        ours = await self._for_result(call, url, asking, caller, to)
        members[RESPONSE_URL] = msgspec.Raw(msgspec.json.encode(ours))
        return structs.replace(call, body=msgspec.json.encode(members))

    def next_page(
        self, call: Call, way: Passage, there: Platform, headers: Mapping[str, str]
    ) -> str | None:
        """The `Link` of a page through us; `way` is what gave the page.

        Unusable for one that leads elsewhere: without it the list would seem to end here.
        """
        following = next_link(headers)
        if following is None:
            return None
        url = urljoin(way.url, following)
        if host_of(url) not in there.hosts:
            raise Unusable("the list's Link is not at a host of its platform")
        text = self._sign(structs.replace(way, url=url))
        if len(text) > _LONGEST_LINK:
            raise Unusable("the list's Link is too long")
        return f'<{call.url}?{urlencode({VIA: text})}>; rel="next"'

    async def location(
        self, call: Call, owner: PartyId, way: Passage, there: Platform, given: str
    ) -> str | None:
        """The `Location` of what was created, through us; None if it leads elsewhere.

        The same one for the same URL: whoever repeats a POST is answered alike.
        """
        row = self._reading(call.endpoint, call)
        url = urljoin(way.url, given.strip())
        if row is None or host_of(url) not in there.hosts:
            return None
        signature = self._vault.sign(f"{way.holder} {way.platform} {url}")
        name = f"hub-{signature[-32:]}"
        await self._keep(name, structs.replace(way, url=url), LOCATION_KEPT)
        base = self._router.endpoint_url(call.version, row.module, row.interface)
        return join(base, (*owner, name))

    async def _for_result(
        self, call: Call, url: str, asking: PartyId, caller: Platform, to: Platform
    ) -> str:
        row = self._result_row(call)
        if row is None:
            return url
        check_response_url(caller, url)
        name = f"hub-{secrets.token_hex(16)}"
        await self._keep(name, Passage(to.id, caller.id, url, *asking), RESULT_KEPT)
        command = call.endpoint.segments[-1] if call.endpoint.segments else ""
        return response_url(self._router, call.version, row, command=command, uid=name)

    def _result_row(self, call: Call) -> Endpoint | None:
        asked = call.endpoint
        for row in self._table.at(call.version):
            if row.module is asked.module and row.path == asked.result and row.method == "POST":
                return row
        return None

    def _reading(self, created: Endpoint, call: Call) -> Endpoint | None:
        """The row that gives back what another one created."""
        if created.urls is not UrlPlace.RESPONSE_HEADER:
            return None
        for row in self._table.at(call.version):
            if row.resource is created.resource and row.method == "GET" and row.owner_in_path:
                return row
        return None

    async def _keep(self, name: str, passage: Passage, kept: int) -> None:
        draft = RecordDraft(
            RecordKey(HUB_URL, name), msgspec.json.encode(passage), passage.holder,
            self._now() + kept,
        )  # fmt: skip
        decision = Decision(None, records=(draft,))
        await self._store.apply(Change(lambda _: decision))

    def _read(self, record: Record | None) -> Passage:
        if record is None or (record.due is not None and record.due <= self._now()):
            raise NotFound("No such object")
        return _PASSAGE.decode(record.document)

    def _sign(self, passage: Passage) -> str:
        text = base64.urlsafe_b64encode(msgspec.json.encode(passage)).rstrip(b"=").decode()
        return f"{text}.{self._vault.sign(text)}"

    def _signed(self, given: str) -> Passage | None:
        """None: not ours, so it is the receiver's to read."""
        text, _, signature = given.partition(".")
        if not signature.isascii() or not self._vault.is_signed(text, signature):
            return None
        try:
            return _PASSAGE.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, msgspec.MsgspecError):
            return None


_PASSAGE = msgspec.json.Decoder(Passage)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def _members(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _MEMBERS.decode(body)
    except msgspec.ValidationError:
        raise CallerError("$: a JSON object is needed") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InvalidBody("The body is no JSON") from None


def _text(raw: msgspec.Raw | None) -> str | None:
    try:
        return None if raw is None else _TEXT.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
