"""Who may deal with whom in a hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.roaming.hub.test_route import CPO, MSP, OTHER_CPO, OTHER_MSP, seat

from voltroam.roaming.hub.agreements import Agreement, Agreements, Default, Side
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import Role

A = seat(CPO, Role.CPO, "a")
B = seat(MSP, Role.EMSP, "b")
C = seat(OTHER_MSP, Role.EMSP, "c")
D = seat(OTHER_CPO, Role.CPO, "d")
NOW = 1_000


def agreement(one: str, other: str, *modules: str, **more: object) -> Agreement:
    sides = {"one": Side.read(one), "other": Side.read(other)}
    return Agreement(id=f"{one} {other}", modules=modules, **sides, **more)  # type: ignore[arg-type]


def of(*agreements: Agreement, default: Default = "closed", now: int = NOW) -> Agreements:
    return Agreements(agreements, default, now)


@pytest.mark.parametrize(("default", "answer"), [("open", True), ("closed", False)])
def test_without_agreement_the_default_of_the_hub_holds(default: Default, answer: bool) -> None:
    assert of(default=default).allowed(A, B, "locations") is answer


def test_an_agreement_opens_what_it_names_and_nothing_else() -> None:
    held = of(agreement("NL/CPO", "DE/MSP", "locations"))
    assert held.allowed(A, B, "locations")
    assert not held.allowed(A, B, "cdrs")
    assert not held.allowed(A, C, "locations")


def test_both_directions_have_one_answer() -> None:
    held = of(agreement("NL/CPO", "DE/MSP"))
    assert held.allowed(B, A, "tokens")


def test_the_more_exact_agreement_decides() -> None:
    held = of(agreement("*", "*"), agreement("NL/CPO", "DE/MSP", allows=False))
    assert not held.allowed(A, B, "cdrs")
    assert held.allowed(A, C, "cdrs")


def test_a_named_module_is_more_exact_than_all_of_them() -> None:
    held = of(agreement("NL/CPO", "DE/MSP", allows=False), agreement("NL/CPO", "DE/MSP", "tokens"))
    assert held.allowed(A, B, "tokens")
    assert not held.allowed(A, B, "cdrs")


def test_of_two_equally_exact_ones_the_one_that_forbids_decides() -> None:
    first, second = agreement("NL/CPO", "*"), agreement("*", "NL/CPO", allows=False)
    assert not of(first, second).allowed(A, B, "cdrs")
    assert not of(second, first).allowed(A, B, "cdrs")


def test_a_suspended_agreement_forbids_even_in_an_open_hub() -> None:
    assert not of(agreement("NL/CPO", "DE/MSP", suspended=True), default="open").allowed(
        A, B, "cdrs"
    )


def test_an_agreement_counts_from_its_first_moment_until_before_its_last() -> None:
    one = agreement("NL/CPO", "DE/MSP", since=1_000, until=2_000)
    at = [of(one, now=now).allowed(A, B, "cdrs") for now in (999, 1_000, 1_999, 2_000)]
    assert at == [False, True, True, False]


def test_it_is_known_when_the_answers_change_by_themselves() -> None:
    one = agreement("NL/CPO", "DE/MSP", since=1_500, until=2_000)
    assert [of(one, now=now).until for now in (1_000, 1_500, 2_000)] == [1_500, 2_000, None]


def test_a_role_narrows_a_side() -> None:
    held = of(agreement("*/*/CPO", "*/*/EMSP"))
    assert held.allowed(A, B, "cdrs")
    assert not held.allowed(A, D, "cdrs")


@pytest.mark.parametrize("text", ["", "NLX/AAA", "NL/AAAA", "NL/AAA/KING", "NL//CPO", "a/b/c/d"])
def test_a_side_that_names_no_party_is_refused(text: str) -> None:
    with pytest.raises(CallerError):
        Side.read(text)


sides = st.sampled_from(["*", "NL/*", "NL/CPO", "DE/MSP", "*/*/EMSP", "NL/CPO/CPO", "FR/MSP"])
drawn = st.builds(
    lambda one, other, modules, allows, suspended: agreement(
        one, other, *modules, allows=allows, suspended=suspended
    ),
    sides, sides, st.sampled_from([(), ("cdrs",), ("tokens", "cdrs")]), st.booleans(),
    st.booleans(),
)  # fmt: skip


@given(st.lists(drawn, max_size=6), st.randoms(), st.sampled_from(["open", "closed"]))
def test_the_order_of_agreements_and_of_parties_never_matters(
    agreements: list[Agreement], chance: object, default: Default
) -> None:
    shuffled = list(agreements)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' own Random
    before, after = of(*agreements, default=default), of(*shuffled, default=default)
    for one in (A, B, C, D):
        for other in (A, B, C, D):
            answer = before.allowed(one, other, "cdrs")
            assert after.allowed(one, other, "cdrs") == answer
            assert after.allowed(other, one, "cdrs") == answer
