"""What an operator sets, and the one sentence that says what is wrong with it."""

import stat
from pathlib import Path

import pytest

from voltroam.settings import (
    SettingsError,
    read_secret_keys,
    read_settings,
    split_party,
    write_secret_key,
    write_settings,
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("VOLTROAM_"):
            monkeypatch.delenv(name)


def made(folder: Path, **changes: str) -> Path:
    return write_settings(
        folder,
        name=changes.get("name", 'Noda "Charging" é 😀'),
        url=changes.get("url", "http://127.0.0.1:8101"),
        parties=["NL/NOD/CPO", "NL/NOD/EMSP"],
        database=changes.get("database"),
    )


def test_what_init_writes_is_read_back(tmp_path: Path) -> None:
    settings = read_settings(made(tmp_path / "node"))
    assert settings.name == 'Noda "Charging" é 😀'
    assert settings.parties == ["NL/NOD/CPO", "NL/NOD/EMSP"]
    assert settings.address == ("127.0.0.1", 8101)
    assert settings.database == f"sqlite:///{tmp_path}/node/voltroam.db"


def test_a_loopback_url_allows_loopback_partners_and_a_public_one_does_not(tmp_path: Path) -> None:
    assert read_settings(made(tmp_path / "a")).network.allow_loopback
    public = read_settings(made(tmp_path / "b", url="https://ocpi.example.com/x/"))
    assert not public.network.allow_loopback
    assert not public.network.allow_http
    assert public.url == "https://ocpi.example.com/x"
    assert public.address == ("ocpi.example.com", 443)


def test_the_files_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    file = made(tmp_path)
    write_secret_key(tmp_path)
    for path in (file, tmp_path / "secret.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "secret.key").read_text().strip() not in file.read_text()


def test_variables_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = made(tmp_path)
    monkeypatch.setenv("VOLTROAM_WORKERS", "4")
    monkeypatch.setenv("VOLTROAM_PARTIES", "DE/ABC/CPO,DE/ABC/EMSP")
    monkeypatch.setenv("VOLTROAM_LIMITS__BODY_BYTES", "9000")
    monkeypatch.setenv("VOLTROAM_NETWORK__ALLOW_PRIVATE", "true")
    settings = read_settings(file)
    assert settings.workers == 4
    assert settings.parties == ["DE/ABC/CPO", "DE/ABC/EMSP"]
    assert settings.limits.body_bytes == 9000
    assert settings.network.allow_private
    assert settings.network.allow_loopback


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("wrokers = 2", "wrokers"),
        ("workers = 0", "workers"),
        ("limits.body = 1", "limits.body"),
        ("log_level = 'loud'", r"log_level.*'loud'; docs/reference/settings.md has the values"),
        ("workers = ", "TOML"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, line: str, named: str) -> None:
    file = made(tmp_path)
    file.write_text(line + "\n" + file.read_text())
    with pytest.raises(SettingsError, match=named):
        read_settings(file)


def test_a_hub_has_no_other_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CORE-HUB-25"""
    file = made(tmp_path)
    monkeypatch.setenv("VOLTROAM_PARTIES", "DE/HUB/HUB")
    assert read_settings(file).parties == ["DE/HUB/HUB"]
    for mixed in ("DE/HUB/HUB,DE/ABC/CPO", "DE/HUB/HUB,NL/HUB/hub"):
        monkeypatch.setenv("VOLTROAM_PARTIES", mixed)
        with pytest.raises(SettingsError, match="a hub is one party"):
            read_settings(file)


def test_settings_are_never_overwritten(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(SettingsError, match="exists already"):
        made(tmp_path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="voltroam init"):
        read_settings(tmp_path / "none.toml")


def test_the_secret_key_is_kept_and_the_variable_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_secret_key(tmp_path)
    first = read_secret_keys(tmp_path)
    write_secret_key(tmp_path)
    assert read_secret_keys(tmp_path) == first
    assert len(first[0]) == 32
    monkeypatch.setenv("VOLTROAM_SECRET_KEY", "A" * 43)
    assert read_secret_keys(tmp_path) == [bytes(32)]


def test_old_keys_follow_the_one_in_use(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("B" * 43 + "\n" + "A" * 43 + "\n")
    keys = read_secret_keys(tmp_path)
    assert len(keys) == 2
    assert keys[1] == bytes(32)


@pytest.mark.parametrize("text", ["", "short", "A" * 20])
def test_a_weak_secret_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.key").write_text(text)
    with pytest.raises(SettingsError):
        read_secret_keys(tmp_path)


def test_a_party_is_three_parts_in_any_case() -> None:
    assert split_party("nl/abc/cpo") == ("NL", "ABC", "CPO")


@pytest.mark.parametrize(
    "text", ["NL/ABC", "NLD/ABC/CPO", "NL/ABCD/CPO", "NL/ABC/BOSS", "N1/ABC/CPO"]
)
def test_a_wrong_party_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="`"):
        split_party(text)
