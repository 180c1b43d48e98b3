"""The golden list: what every pair of versions does to a small object of every kind.

Each file in `golden/` holds the result and the notes of one kind, or of one rich object, by pairs.
After a meant change: `python -m tests.bridge.test_golden` writes them anew; the difference is to be
read.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.bridge.rich import RICH
from tests.bridge.samples import LOCATION_221, SAMPLES, TOKEN_221

from voltroam.bridge.codes import CODES
from voltroam.bridge.convert import KINDS, NEW_IN_2_3_0, convert
from voltroam.bridge.terms import Asked, NamesInMemory, Terms
from voltroam.standard.parties import PartyId
from voltroam.standard.shapes import PACKAGES
from voltroam.standard.versions import VERSIONS
from voltroam.wire.decode import read
from voltroam.wire.encode import encode

FOLDER = Path(__file__).parent / "golden"
PAIRS = [(one, other) for one in VERSIONS for other in VERSIONS if one != other]


def terms() -> Terms:
    return Terms(
        owner=PartyId("NL", "AAA"),
        role="CPO",
        names=NamesInMemory(),
        location_of=lambda _: LOCATION_221,
        tokens_of=lambda _: [TOKEN_221],
        asked=Asked("04A1B2C3", token=TOKEN_221),
    )


def golden(name: str) -> Iterator[dict[str, Any]]:
    if name in RICH:
        kind, only, document = RICH[name]
        samples = {only: document}
    else:
        kind, samples = name, SAMPLES[name]
    for source, target in PAIRS:
        sample = samples.get(source)
        if sample is None:
            continue
        found = convert(
            kind, sample, source=VERSIONS[source], target=VERSIONS[target], terms=terms()
        )
        yield {
            "from": source,
            "to": target,
            "object": found.value,
            "notes": [
                {"code": note.code, "pointer": note.pointer, "severity": str(note.severity)}
                for note in found.notes
            ],
        }


def written(name: str) -> str:
    plain = msgspec.json.decode(encode(list(golden(name))))
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", [*SAMPLES, *RICH])
def test_every_pair_gives_the_objects_and_notes_of_the_golden_list(name: str) -> None:
    """R211-054, R211-066, R211-069, R211-074, R230-019: read with the list itself."""
    assert (FOLDER / f"{name}.json").read_text("utf-8") == written(name)


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_passes_is_an_object_of_the_version_it_is_for(kind: str) -> None:
    """R211-047, R211-051, R211-057, R211-059, R211-066, R211-073, R211-081, R230-024."""
    for case in golden(kind):
        if case["object"] is None:
            assert "refused" in [note["severity"] for note in case["notes"]]
            continue
        shape = getattr(PACKAGES[VERSIONS[case["to"]]], kind)
        reading = read(shape, encode(case["object"]))
        assert reading.usable(strict=True), (case["from"], case["to"], reading.message)


def test_the_samples_leave_no_kind_out() -> None:
    shared = {
        "VersionInfo", "ChargingPreferencesResponse", "ChargingProfileResponse",
        "ActiveChargingProfile", "ActiveChargingProfileResult", "ChargingProfileResult",
        "ClearProfileResult",
    }  # fmt: skip
    assert set(SAMPLES) == KINDS - NEW_IN_2_3_0 - shared


def test_every_code_is_short_words_with_a_text_for_people() -> None:
    for code, meaning in CODES.items():
        assert code == code.lower()
        assert meaning.text
        assert not meaning.text.endswith(".")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in [*SAMPLES, *RICH]:
        (FOLDER / f"{name}.json").write_text(written(name), "utf-8")
