"""Objects of 2.1.1 and 2.3.0: members, types, lengths, cardinalities and words of their chapters.

R211-039, R211-047/048/049, R211-051/052, R211-057, R211-059, R211-066, R211-070, R211-073,
R211-081, R211-088, R211-091, R211-094, R230-005/006, R230-019, R230-021, R230-024, R230-026,
R230-033/034/035/036/037, R230-044/045/046/047, R230-050, RBK-047, RPAY-034
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from tests.standard import chapters_2_1_1, chapters_2_3_0
from tests.standard.chapters import Member

from voltroam.standard import v2_1_1, v2_2_1, v2_3_0
from voltroam.standard.shapes import shape
from voltroam.standard.types import OpenEnum
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0

PACKAGE_CHAPTERS = ("bookings", "payments", "invoicereconciliation")


@dataclass(frozen=True)
class Chapters:
    """A version's folder and the tables that were copied from its chapters."""

    package: ModuleType
    objects: dict[str, list[Member]]
    values: dict[str, str]
    open: frozenset[str]
    aliases: dict[str, str]

    def names(self, kind: type) -> set[str]:
        """What the folder exports of a kind, but for the chapters of the packages."""
        return {
            name
            for name in self.package.__all__
            if issubclass(getattr(self.package, name), kind)
            and not getattr(self.package, name).__module__.endswith(PACKAGE_CHAPTERS)
        }

    def __str__(self) -> str:
        return self.package.__name__.rpartition(".")[2]


VERSIONS = [
    Chapters(
        package, tables.OBJECTS, tables.VALUES, tables.OPEN, tables.ALIASES
    )
    for package, tables in ((v2_1_1, chapters_2_1_1), (v2_3_0, chapters_2_3_0))
]  # fmt: skip
EACH = pytest.mark.parametrize("chapters", VERSIONS, ids=str)


def described(kind: inspect.Type, word: str = "string", many: str = "1") -> tuple[str, str]:
    """The type and the cardinality of a member, as a property table writes them."""
    match kind:
        case inspect.Metadata():
            return described(kind.type, str((kind.extra or {}).get("ocpi", word)), many)
        case inspect.UnionType():
            (one,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
            text, many = described(one, word)
            return text, "?" if many == "1" else many
        case inspect.ListType():
            return described(kind.item_type)[0], "+" if kind.min_length else "*"
        case inspect.StrType() if word in ("URL", "VersionNumber", "ModuleID"):
            return word, many
        case inspect.StrType():
            length = f"({kind.max_length})" if kind.max_length else ""
            return ("CiString" if word == "CiString" else "string") + length, many
        case inspect.EnumType() | inspect.StructType():
            return kind.cls.__name__, many
    simple = {
        inspect.DateTimeType: "DateTime", inspect.DecimalType: "number", inspect.IntType: "int",
        inspect.BoolType: "boolean",
    }  # fmt: skip
    return simple[type(kind)], many


def classes(kind: inspect.Type) -> list[type]:
    match kind:
        case inspect.Metadata():
            return classes(kind.type)
        case inspect.UnionType():
            return [found for one in kind.types for found in classes(one)]
        case inspect.ListType():
            return classes(kind.item_type)
        case inspect.EnumType() | inspect.StructType():
            return [kind.cls]
    return []


def fields(chapters: Chapters, name: str) -> tuple[inspect.Field, ...]:
    kind = inspect.type_info(getattr(chapters.package, name))
    assert isinstance(kind, inspect.StructType)
    return kind.fields


@EACH
def test_every_object_and_enum_of_every_chapter_is_there_and_no_other(chapters: Chapters) -> None:
    also = set(chapters.aliases)
    assert chapters.names(msgspec.Struct) - also == set(chapters.objects)
    assert chapters.names(StrEnum) - also == set(chapters.values)
    for alias, name in chapters.aliases.items():
        assert getattr(chapters.package, alias) is getattr(chapters.package, name)


@EACH
def test_every_member_is_what_its_table_says(chapters: Chapters) -> None:
    for name, members in chapters.objects.items():
        ours = {field.encode_name: described(field.type) for field in fields(chapters, name)}
        assert ours == {one.name: (one.type, one.cardinality) for one in members}, name


@EACH
def test_an_object_is_made_of_objects_of_its_own_version(chapters: Chapters) -> None:
    for name in chapters.names(msgspec.Struct):
        for field in fields(chapters, name):
            for kind in classes(field.type):
                where = f"{name}.{field.name}"
                assert kind is getattr(chapters.package, kind.__name__), where


@EACH
def test_an_enum_has_exactly_the_values_of_its_table(chapters: Chapters) -> None:
    for name, values in chapters.values.items():
        kind = getattr(chapters.package, name)
        assert {item.value for item in kind} == set(values.split()), name
        assert issubclass(kind, OpenEnum) == (name in chapters.open), name


@EACH
def test_only_open_enums_take_other_words_and_write_them_as_they_came(chapters: Chapters) -> None:
    for name in chapters.values:
        kind = getattr(chapters.package, name)
        if name in chapters.open:
            other = msgspec.json.decode('"nltnm-été"', type=kind)
            assert isinstance(other, kind)
            assert other == "nltnm-été"
            assert msgspec.json.decode(msgspec.json.encode(other)) == "nltnm-été"
            for word in ("", "a\tb"):
                with pytest.raises(msgspec.ValidationError):
                    msgspec.convert(word, kind)
        else:
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode('"FOO"', type=kind)


def test_a_known_word_of_an_open_enum_is_one_object_and_others_are_not_remembered() -> None:
    assert v2_3_0.ConnectorType("MCS") is v2_3_0.ConnectorType.MCS
    foo = v2_3_0.ConnectorType("FOO_PLUG")
    assert foo == v2_3_0.ConnectorType("FOO_PLUG")
    assert hash(foo) == hash("FOO_PLUG")
    assert "FOO_PLUG" not in list(v2_3_0.ConnectorType)


@EACH
def test_a_member_more_is_no_reason_to_refuse(chapters: Chapters) -> None:
    """R230-001, R211-040: unknown members are passed over, at any depth."""
    endpoint = {"identifier": "tokens", "url": "https://x.example", "role": "SENDER", "more": []}
    details = {"version": "x", "surplus": {"a": 1}, "endpoints": [endpoint]}
    read: Any = msgspec.convert(details, chapters.package.VersionDetails)
    assert read.endpoints[0].identifier == "tokens"


def test_a_row_s_object_is_found_in_every_version() -> None:
    assert shape(v2_2_1.Location, V2_1_1) is v2_1_1.Location
    assert shape(v2_2_1.Location, V2_2_1) is v2_2_1.Location
    assert shape(v2_2_1.Location, V2_3_0) is v2_3_0.Location
    assert shape(v2_2_1.CommandResult, V2_1_1) is v2_1_1.CommandResponse
    assert shape(v2_3_0.Parking, V2_2_1) is v2_3_0.Parking


def test_who_a_driver_is_stays_out_of_a_repr() -> None:
    secret = "SECRET-1234"
    token = v2_1_1.Token(
        uid=secret, type=v2_1_1.TokenType.RFID, auth_id=secret, issuer="X", valid=True,
        whitelist=v2_1_1.WhitelistType.NEVER, visual_number=secret,
        last_updated=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert secret not in repr(token)
    details = v2_1_1.BusinessDetails(name="X")
    credentials = v2_1_1.Credentials(
        token=secret, url="https://x.example", business_details=details, party_id="X",
        country_code="NL",
    )  # fmt: skip
    assert secret not in repr(credentials)
