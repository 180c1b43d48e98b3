"""Sessions, tariffs, tokens and CDRs that partners push: each kind by its own rules."""

import pytest
from tests.roaming import objects
from tests.roaming.company import Company, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.roaming.platforms import Profile
from voltroam.standard.v2_2_1 import Role

SES = "receiver/sessions/NL/AAA/S1"


# -- sessions ---------------------------------------------------------------------------------


async def test_a_session_is_put_and_read_back(to_emsp: Pair) -> None:
    """SES-RCV-01, SES-PUT-01"""
    first = objects.session(status="RESERVATION", evse_uid="#NA", connector_id="#NA")
    assert (await to_emsp.ask("PUT", SES, first)).http == 201
    second = objects.session(last_updated=objects.T2)
    assert (await to_emsp.ask("PUT", SES, second)).http == 200
    assert (await to_emsp.ask("GET", SES)).data == second


async def test_periods_of_a_patch_are_appended_once(to_emsp: Pair) -> None:
    """SES-PATCH-01, SES-PATCH-06"""
    one, two = objects.period(objects.T0), objects.period(objects.T1)
    await to_emsp.ask("PUT", SES, objects.session(charging_periods=[one]))
    patch = {"charging_periods": [two], "kwh": 3, "last_updated": objects.T2}
    for _ in range(2):
        assert (await to_emsp.ask("PATCH", SES, patch)).code == 1000
    assert (await to_emsp.ask("GET", SES)).data["charging_periods"] == [one, two]


@pytest.mark.parametrize("members", [{}, {"charging_periods": []}], ids=["absent", "empty"])
async def test_a_patch_without_periods_leaves_them(
    to_emsp: Pair, members: dict[str, object]
) -> None:
    """SES-PATCH-02"""
    periods = [objects.period(objects.T0)]
    await to_emsp.ask("PUT", SES, objects.session(charging_periods=periods))
    answer = await to_emsp.ask("PATCH", SES, {**members, "kwh": 2, "last_updated": objects.T2})
    assert answer.code == 1000
    assert (await to_emsp.ask("GET", SES)).data["charging_periods"] == periods


@pytest.mark.parametrize("members", [{}, {"charging_periods": []}], ids=["absent", "empty"])
async def test_a_put_without_periods_takes_them_away(
    to_emsp: Pair, members: dict[str, object]
) -> None:
    """SES-PUT-02"""
    await to_emsp.ask("PUT", SES, objects.session(charging_periods=[objects.period(objects.T0)]))
    later = objects.session(last_updated=objects.T2, **members)
    assert (await to_emsp.ask("PUT", SES, later)).code == 1000
    assert not (await to_emsp.ask("GET", SES)).data.get("charging_periods")


async def test_a_completed_session_does_not_go_back(to_emsp: Pair) -> None:
    """SES-FLOW-05"""
    done = objects.session(status="COMPLETED", end_date_time=objects.T2, last_updated=objects.T2)
    await to_emsp.ask("PUT", SES, done)
    put = await to_emsp.ask("PUT", SES, objects.session(last_updated=objects.T3))
    patch = await to_emsp.ask("PATCH", SES, {"status": "ACTIVE", "last_updated": objects.T3})
    assert (put.http, put.code, patch.http, patch.code) == (200, 2001, 200, 2001)
    assert (await to_emsp.ask("GET", SES)).data == done


async def test_sessions_are_not_deleted_and_have_no_urls_below(to_emsp: Pair) -> None:
    """SES-FLOW-03, SES-PATCH-04"""
    await to_emsp.ask("PUT", SES, objects.session())
    assert (await to_emsp.ask("DELETE", SES)).http == 405
    below = await to_emsp.ask("PATCH", f"{SES}/charging_periods", {"last_updated": objects.T2})
    assert below.http == 404
    assert (await to_emsp.ask("GET", SES)).http == 200


# -- tariffs and tokens -----------------------------------------------------------------------


async def test_a_tariff_is_put_replaced_and_deleted(to_emsp: Pair) -> None:
    """TAR-RCV-01, TAR-PUT-01, TAR-DEL-01"""
    path = "receiver/tariffs/NL/AAA/T1"
    assert (await to_emsp.ask("PUT", path, objects.tariff(type="REGULAR"))).http == 201
    second = objects.tariff(last_updated=objects.T2)
    assert (await to_emsp.ask("PUT", path, second)).http == 200
    assert (await to_emsp.ask("GET", path)).data == second
    deleted = await to_emsp.ask("DELETE", path)
    assert (deleted.http, deleted.code, deleted.data) == (200, 1000, None)
    assert (await to_emsp.ask("GET", path)).http == 404
    assert (await to_emsp.ask("DELETE", path)).http == 404
    assert (await to_emsp.ask("PUT", path, objects.tariff(last_updated=objects.T3))).http == 201
    assert (await to_emsp.ask("PATCH", path, {"last_updated": objects.T3})).http == 405


async def test_a_tariff_that_was_deleted_does_not_come_back_by_an_older_push(
    to_emsp: Pair,
) -> None:
    """CORE-MUT-12"""
    path = "receiver/tariffs/NL/AAA/T1"
    await to_emsp.ask("PUT", path, objects.tariff(last_updated=objects.T2))
    await to_emsp.ask("DELETE", path)
    assert (await to_emsp.ask("PUT", path, objects.tariff())).code == 1000
    assert (await to_emsp.ask("GET", path)).http == 404


async def test_tokens_are_told_apart_by_type_which_is_rfid_by_default(to_cpo: Pair) -> None:
    """TOK-RCV-01, TOK-RCV-02, TOK-RCV-03, TOK-PUT-01"""
    path = "receiver/tokens/DE/MSP/012345678"
    app = objects.token(type="APP_USER")
    assert (await to_cpo.ask("PUT", path, objects.token())).http == 201
    assert (await to_cpo.ask("PUT", f"{path}?type=APP_USER", app)).http == 201
    assert (await to_cpo.ask("GET", path)).data == objects.token()
    assert (await to_cpo.ask("GET", f"{path}?type=APP_USER")).data == app
    assert (await to_cpo.ask("GET", f"{path}?type=OTHER")).http == 404


async def test_a_token_patch_reaches_the_type_it_names_and_leaves_the_rest(to_cpo: Pair) -> None:
    """TOK-RCV-02, TOK-PATCH-02"""
    path = "receiver/tokens/DE/MSP/012345678"
    app = objects.token(type="APP_USER")
    await to_cpo.ask("PUT", path, objects.token())
    await to_cpo.ask("PUT", f"{path}?type=APP_USER", app)
    patch = {"valid": False, "last_updated": objects.T2}
    assert (await to_cpo.ask("PATCH", f"{path}?type=APP_USER", patch)).code == 1000
    assert (await to_cpo.ask("GET", f"{path}?type=APP_USER")).data == {**app, **patch}
    assert (await to_cpo.ask("GET", path)).data == objects.token()


async def test_a_token_type_that_contradicts_the_url_is_refused(to_cpo: Pair) -> None:
    """TOK-RCV-05"""
    path = "receiver/tokens/DE/MSP/012345678"
    answer = await to_cpo.ask("PUT", path, objects.token(type="APP_USER"))
    assert (answer.http, answer.code) == (200, 2001)
    assert "$.type" in answer.message


async def test_tokens_are_neither_deleted_nor_posted(to_cpo: Pair) -> None:
    """TOK-FLOW-03"""
    path = "receiver/tokens/DE/MSP/012345678"
    await to_cpo.ask("PUT", path, objects.token())
    assert (await to_cpo.ask("DELETE", path)).http == 405
    assert (await to_cpo.ask("POST", "receiver/tokens", objects.token())).http in {404, 405}


# -- CDRs -------------------------------------------------------------------------------------


async def test_a_cdr_is_posted_and_read_at_the_url_of_its_location_header(to_emsp: Pair) -> None:
    """CDR-POST-01, CDR-POST-02, CDR-GET-01, CDR-FLOW-03"""
    answer = await to_emsp.ask("POST", "receiver/cdrs", objects.cdr())
    assert (answer.code, answer.http in {200, 201}) == (1000, True)
    where = answer.headers["location"]
    assert where.startswith("https://emsp.example/")
    assert (await to_emsp.ask("GET", where)).data == objects.cdr()


async def test_an_identical_repeat_gets_the_same_location_and_stores_nothing(
    to_emsp: Pair,
) -> None:
    """CDR-POST-04"""
    first = await to_emsp.ask("POST", "receiver/cdrs", objects.cdr())
    head = await to_emsp.receiver.store.head()
    again = await to_emsp.ask("POST", "receiver/cdrs", objects.cdr())
    assert again.code == 1000
    assert again.headers["location"] == first.headers["location"]
    assert await to_emsp.receiver.store.head() == head


async def test_other_content_under_the_id_of_a_cdr_is_refused_and_noticed(
    to_emsp: Pair,
) -> None:
    """CDR-FLOW-01, CDR-POST-04"""
    first = await to_emsp.ask("POST", "receiver/cdrs", objects.cdr())
    changed = objects.cdr(total_cost={"excl_vat": 40}, last_updated=objects.T2)
    answer = await to_emsp.ask("POST", "receiver/cdrs", changed)
    assert (answer.http, answer.code) == (200, 2001)
    assert (await to_emsp.ask("GET", first.headers["location"])).data == objects.cdr()
    events = await to_emsp.receiver.store.events(0, 100)
    assert "cdrs.conflict" in [event.type for event in events]
    for method in ("PUT", "PATCH", "DELETE"):
        other = await to_emsp.ask(method, first.headers["location"], objects.cdr())
        assert other.http == 405


async def test_equal_cdr_ids_of_two_operators_are_two_cdrs(
    emsp: Company, cpo: Company, found: Found
) -> None:
    """CDR-POST-05, CORE-COO-09"""
    other = await found("other.example", role("NL/BBB", Role.CPO))
    mine, theirs = await meet(emsp, cpo), await meet(emsp, other)
    one = await mine.ask("POST", "receiver/cdrs", objects.cdr())
    two = await theirs.ask("POST", "receiver/cdrs", objects.cdr(party_id="BBB"))
    assert (one.code, two.code) == (1000, 1000)
    assert one.headers["location"] != two.headers["location"]
    assert (await theirs.ask("GET", one.headers["location"])).http == 404


async def test_a_cdr_of_a_party_that_is_not_the_callers_is_refused(to_emsp: Pair) -> None:
    """CORE-COO-04"""
    answer = await to_emsp.ask("POST", "receiver/cdrs", objects.cdr(party_id="ZZZ"))
    assert (answer.http, answer.code) == (200, 2001)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "C" * 39, "credit": True, "credit_reference_id": "C1"}, 1000),
        ({"id": "C" * 40, "credit": True, "credit_reference_id": "C1"}, 2001),
        ({"id": "C" * 37}, 2001),
        ({"id": "C" * 36}, 1000),
        ({"credit": True}, 2001),
        ({"charging_periods": []}, 2001),
    ],
)
async def test_ids_and_credit_of_a_cdr_for_a_strict_receiver(
    to_emsp: Pair, changes: dict[str, object], code: int
) -> None:
    """CDR-CRED-05, CDR-POST-06"""
    await to_emsp.receiver.set_profile("cpo.example", Profile(strict=True))
    to_emsp.receiver.clock.forward(2)
    answer = await to_emsp.ask("POST", "receiver/cdrs", objects.cdr(**changes))
    assert (answer.http in {200, 201}, answer.code) == (True, code), answer.message
