"""No operation without a test that has seen it end well.

The fixture `claims` holds each test to what its mark `operations` says.
"""

from importlib import import_module
from pathlib import Path

from voltroam.operator.operations import OPERATIONS


def claimed() -> set[str]:
    found: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        module = import_module(f"tests.operator.{file.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_"):
                for mark in getattr(test, "pytestmark", ()):
                    found |= set(mark.args) if mark.name == "operations" else set()
    return found


def test_each_operation_is_shown_by_a_test() -> None:
    assert claimed() == {one.name for one in OPERATIONS}
