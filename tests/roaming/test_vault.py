"""Secrets at rest."""

import re

import pytest

from voltroam.roaming.vault import Vault
from voltroam.standard.errors import NodeError

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_sealed_secret_opens_again_and_never_looks_the_same() -> None:
    vault = Vault([NEW])
    one, other = vault.seal("secret"), vault.seal("secret")
    assert one != other
    assert "secret" not in one
    assert vault.open(one) == vault.open(other) == "secret"


def test_after_a_rotation_old_seals_and_old_hashes_still_work() -> None:
    before, after = Vault([OLD]), Vault([NEW, OLD])
    assert after.open(before.seal("secret")) == "secret"
    assert before.hash("token") in after.hashes("token")
    assert after.hash("token") == after.hashes("token")[0] != before.hash("token")


def test_without_the_key_a_seal_stays_closed() -> None:
    with pytest.raises(NodeError, match="lacks"):
        Vault([NEW]).open(Vault([OLD]).seal("secret"))


@pytest.mark.parametrize("at", [10, 30, -6])
def test_a_seal_that_was_tampered_with_is_refused(at: int) -> None:
    vault = Vault([NEW])
    sealed = vault.seal("secret")
    changed = "A" if sealed[at] != "A" else "B"
    damaged = sealed[:at] + changed + sealed[at + 1 :]
    with pytest.raises(NodeError, match="damaged"):
        vault.open(damaged)


def test_tokens_differ_only_by_case_and_hash_apart() -> None:
    """CORE-AUTH-10"""
    vault = Vault([NEW])
    assert vault.hash("Token") != vault.hash("token")


def test_new_tokens_are_unique_printable_and_short_enough() -> None:
    """CORE-CRED-02, CORE-CRED-03, CORE-REG-01"""
    vault = Vault([NEW])
    tokens = {vault.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\x21-\x7e]{32,64}", token) for token in tokens)


def test_keys_and_secrets_are_not_in_the_repr() -> None:
    shown = repr(Vault([NEW]))
    assert "nnnn" not in shown


def test_a_short_or_missing_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needed"):
        Vault([])
    with pytest.raises(ValueError, match="bytes"):
        Vault([b"short"])
