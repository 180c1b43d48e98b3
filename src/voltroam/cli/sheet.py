"""One partner on a sheet, as people read it: who it is, what waits, what was agreed, where."""

from typing import Any

import msgspec

from voltroam.cli.about import deviations
from voltroam.cli.outcome import write, write_facts, write_table
from voltroam.roaming.platforms import Profile


def write_partner(partner: dict[str, Any]) -> None:
    """`partner`: what `partner show --json` writes. Sections without content are left out."""
    version = f", OCPI {partner['version']}" if partner["version"] else ""
    write_facts(
        f"{partner['name']} is {partner['status']}{version}",
        [
            ("roles", partner["roles"] or None),
            ("versions URL", partner["versions_url"]),
            ("registration", partner["phase"].lower()),
            ("paused", partner["paused"]),
            ("last fault", partner["reason"]),
        ],
    )
    for question in partner["questions"]:
        write_facts("\nTo decide", [(question["module"], question["decide"])])
    if partner["status"] != "PLANNED":
        _write_delivery(partner["delivery"])
    differing = deviations(msgspec.convert(partner["profile"], Profile))
    if differing:
        write_facts("\nProfile, where it is not the usual one", differing)
    if partner["endpoints"]:
        write("\nEndpoints")
        write_table(
            ("module", "interface", "url"),
            ([at["identifier"], at["role"], at["url"]] for at in partner["endpoints"]),
        )


def _write_delivery(delivery: dict[str, Any]) -> None:
    lag = delivery["lag"]
    cdrs = [f"{count} {state.lower()}" for state, count in delivery["cdrs"].items()]
    write_facts(
        "\nDelivery",
        [
            ("lag", "not begun" if lag is None else f"{lag} changes"),
            ("first fill under way", delivery["filling"]),
            ("delivered", delivery["delivered"]),
            ("failed", delivery["failed"]),
            ("parked", delivery["parked"]),
            ("stopped", delivery["stopped"]),
            ("CDRs", cdrs or None),
        ],
    )
    if delivery["pulled"]:
        write("\nPulled")
        write_table(
            ("module", "last", "last full", "fault"),
            (
                [module, note["last"], note["full"], note["reason"]]
                for module, note in delivery["pulled"].items()
            ),
        )
