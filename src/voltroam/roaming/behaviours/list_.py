"""A page of objects: stored bytes joined, never decoded (OCPI 2.2.1 §transport, pagination)."""

from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, resource_of
from voltroam.standard.errors import CallerError
from voltroam.store.interface import Page, PageQuery
from voltroam.wire.call import Call, Reply
from voltroam.wire.paging import Cursor, Paging, page_headers, read_paging

_NOTHING = Page([], 0, None)


async def answer(call: Call, caller: Platform, serving: Serving) -> Reply:
    """Only what the caller may see counts, of the party in the to-headers if they name one."""
    for name in call.endpoint.required_query:
        if name not in call.query:
            raise CallerError(f"query parameter {name}: required")
    paging = read_paging(call.query, default=serving.page_default, maximum=serving.page_maximum)
    page = await _page(call, caller, serving, paging)
    following = None if page.next is None else Cursor(serving.store.epoch, page.next)
    return Reply(
        items=await serving.shown(call, caller, page.documents, page.sidecars),
        headers=page_headers(call.url, call.query, paging, total=page.total, following=following),
    )


async def _page(call: Call, caller: Platform, serving: Serving, paging: Paging) -> Page:
    if paging.cursor is not None and paging.cursor.epoch != serving.store.epoch:
        raise CallerError("query parameter cursor: the list was restored meanwhile, start again")
    resource = resource_of(call)
    audiences = await serving.sees(call, caller, resource)
    if not audiences:
        return _NOTHING
    return await serving.store.page(
        PageQuery(
            resource.kind,
            audiences,
            paging.limit,
            paging.offset,
            paging.cursor.created if paging.cursor else None,
            paging.date_from,
            paging.date_to,
        )
    )
