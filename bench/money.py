"""`python -m bench.money`: prices, signatures, audits; writes `docs/benchmarks-money.md`."""

import os
import platform
from pathlib import Path

from bench import auditing, metering, pricing
from bench.machine import processor
from bench.rates import show
from bench.report import table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks-money.md"


def main() -> int:
    found = [*pricing.rates(), *metering.rates(), *auditing.rates()]
    here = f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        "# Benchmarks of money",
        "",
        "Made by `python -m bench.money`. One process, one core. Goals are held against seconds of"
        " processor time, the best of 60 short rounds, for a neighbour on the machine only ever"
        " slows one; the median by the clock stands beside it, and holds what else ran meanwhile."
        f" Measured on {here}.",
        "",
        *table(
            ("work", "per CPU second, best", "per second, median", "goal"),
            (one.row for one in found),
        ),
        "",
        "The complex tariff has the shape of the standard's: a start fee, time by current and day,"
        " parking by hour and day. A CDR that is wrong by no known mistake is the slowest to audit:"
        " every mistake is tried.",
    ]
    PAGE.write_text("\n".join(lines) + "\n")
    return show(found)


if __name__ == "__main__":
    raise SystemExit(main())
