from tests.operator.conftest import Desk


async def test_smoke(cpo: Desk) -> None:
    told = await cpo.ask("GET", "/locations")
    assert (told.status, told.json) == (200, {"items": [], "next": None})
    for one in cpo.app.operations:
        if one.method == "GET":
            ids = dict.fromkeys(one.parameters, "X")
            path = one.url(ids) + ("?q=xx" if one.name == "search" else "")
            told = await cpo.ask("GET", path)
            print(one.name, told.status, told.body[:150])
            assert told.status in (200, 404), one.name
