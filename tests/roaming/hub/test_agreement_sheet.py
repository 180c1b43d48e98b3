"""Agreements from a CSV sheet, each fault with its line."""

import pytest

from voltroam.roaming.hub.agreement_sheet import read_sheet
from voltroam.roaming.hub.agreements import Agreement, Side

MODULES = frozenset({"locations", "tokens", "commands"})
HEADER = "id,one,other,modules,allows,since,until,suspended,note\n"


def faults(text: str) -> list[tuple[int, str]]:
    return [(it.line, it.message) for it in read_sheet(text, MODULES).problems]


def test_every_column() -> None:
    text = HEADER + (
        "a1,NL/CPO,de/msp/emsp,locations  tokens,no,2026-01-01,2026-02-01T12:00:00Z,YES,"
        '"""as agreed"", in May"\n'
    )
    sheet = read_sheet(text, MODULES)
    assert sheet.problems == ()
    assert sheet.agreements == (
        Agreement(
            id="a1", one=Side("NL", "CPO"), other=Side("DE", "MSP", "EMSP"),
            modules=("locations", "tokens"), allows=False, since=1_767_225_600_000_000,
            until=1_769_947_200_000_000, suspended=True, note='"as agreed", in May',
        ),
    )  # fmt: skip


def test_two_columns_are_enough_in_any_order_and_with_semicolons() -> None:
    sheet = read_sheet("\ufeffOther; one\r\n*;NL/*\r\n\r\n", MODULES)
    (found,) = sheet.agreements
    assert (found.one, found.other) == (Side("NL"), Side())
    assert (found.allows, found.suspended, found.modules) == (True, False, ())


def test_an_agreement_without_id_gets_the_same_one_each_time() -> None:
    first = read_sheet("one,other,modules\nNL/CPO,DE/MSP,tokens\n", MODULES).agreements[0]
    again = read_sheet("one,other,modules,note\nDE/MSP,NL/CPO,tokens,x\n", MODULES).agreements[0]
    other = read_sheet("one,other\nDE/MSP,NL/CPO\n", MODULES).agreements[0]
    assert first.id == again.id != other.id


def test_each_line_that_cannot_be_used_is_named() -> None:
    text = "id,one,other,modules,allows,since,until\n" + "\n".join(
        (
            "ok,NL/CPO,DE/MSP,,,,",
            "a,NLD/CPO,DE/MSP,,,,",
            "b,NL/CPO,,,,,",
            "c,NL/CPO,DE/MSP,location,,,",
            "d,NL/CPO,DE/MSP,,maybe,,",
            "",
            "e,NL/CPO,DE/MSP,,,2026-02-30,",
            "f,NL/CPO,DE/MSP,,,2026-02-02,2026-02-01",
            "ok,NL/CPO,DE/MSP,,,,",
            "no/id,NL/CPO,DE/MSP,,,,",
            "g,NL/CPO",
        )
    )
    assert faults(text) == [
        (3, "one: `NLD/CPO`: the country code has two letters"),
        (4, "other: nobody is named; * is everybody"),
        (5, "modules: there is no module location; it is one of commands, locations, tokens"),
        (6, "allows: `maybe` is neither yes nor no"),
        (8, "since: `2026-02-30` is no time: write 2026-01-31 or 2026-01-31T12:00:00Z"),
        (9, "until: it would be over before it began"),
        (10, "id: ok stands on a line before"),
        (11, "id: 1 to 36 letters, digits, `-`, `_` and `.`"),
        (12, "2 columns, the header has 7"),
    ]
    assert [it.id for it in read_sheet(text, MODULES).agreements] == ["ok"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the header has no column `one`"),
        ("one,others\n", "the header has no column `other`"),
        ("one,other,color\n", "`color` is no column or there twice"),
        ("one,other,one\n", "`one` is no column or there twice"),
    ],
)
def test_a_header_that_cannot_be_used(text: str, fault: str) -> None:
    ((line, message),) = faults(text)
    assert line == 1
    assert message.startswith(fault)
