"""`charging-profile`: how fast a partner's charger may charge a session of our drivers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, write
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json, guarded

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Set, clear or ask a session's charging profile."
)

Session = Annotated[str, typer.Argument(metavar="SESSION_ID", help="A session of our drivers.")]
Operator = Annotated[
    str | None, typer.Option("--operator", help="CC/PID, where several operators have that id.")
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait for the charger's result; it is the default.")
]


@group.command("set")
def set_(
    context: typer.Context,
    session: Session,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit", help="The most that may flow, or SECONDS:MOST from then on; repeat it."
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="W in total, or A per phase.")] = "A",
    duration: Annotated[
        int | None, typer.Option("--duration", min=1, help="Seconds until it ends.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A ChargingProfile in JSON instead; - for stdin.")
    ] = None,
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Limit a session.

    Example: voltroam -c emsp/voltroam.toml charging-profile set SESSION_ID --limit 6 --limit 600:16
    """
    from voltroam.cli.ordering import steer
    from voltroam.operator.rows.live import SET_CHARGING_PROFILE, SetProfile

    profile = guarded(lambda: _profile(limit or [], unit, duration, file), as_json=json)
    wanted = SetProfile(session_id=session, operator=operator, profile=profile)
    steer(context, SET_CHARGING_PROFILE, wanted, wait=wait, json=json, show=_show)


@group.command()
def clear(
    context: typer.Context,
    session: Session,
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Take our limit back.

    Example: voltroam -c emsp/voltroam.toml charging-profile clear SESSION_ID
    """
    from voltroam.cli.ordering import steer
    from voltroam.operator.rows.live import CLEAR_CHARGING_PROFILE, ClearProfile

    wanted = ClearProfile(session_id=session, operator=operator)
    steer(context, CLEAR_CHARGING_PROFILE, wanted, wait=wait, json=json, show=_show)


@group.command()
def active(
    context: typer.Context,
    session: Session,
    duration: Annotated[
        int, typer.Option("--duration", min=1, max=86_400, help="Seconds from now.")
    ] = 3600,
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Ask what the charger plans.

    Example: voltroam -c emsp/voltroam.toml charging-profile active SESSION_ID --duration 7200
    """
    from voltroam.cli.ordering import steer
    from voltroam.operator.rows.live import ASK_ACTIVE_PROFILE, AskProfile

    wanted = AskProfile(session_id=session, operator=operator, duration=duration)
    steer(context, ASK_ACTIVE_PROFILE, wanted, wait=wait, json=json, show=_show)


def _profile(limits: list[str], unit: str, duration: int | None, file: Path | None) -> Any:
    """The profile of the options, or that of the file. Raises Stop."""
    import sys

    import msgspec

    from voltroam.standard.v2_2_1 import ChargingProfile

    if (file is None) is not bool(limits):
        raise Stop("Give --limit, or a profile with --file.", Exit.USAGE)
    try:
        if file is not None:
            text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
            return msgspec.json.decode(text, type=ChargingProfile)
        periods = [_period(limit) for limit in limits]
        plain: dict[str, Any] = {
            "charging_rate_unit": unit.upper(),
            "charging_profile_period": periods,
        }
        if duration is not None:
            plain["duration"] = duration
        return msgspec.convert(plain, ChargingProfile, strict=False)
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
    except (msgspec.DecodeError, ValueError) as error:
        raise Stop(f"This is no charging profile: {error}.", Exit.USAGE) from None


def _period(limit: str) -> dict[str, Any]:
    start, _, most = limit.rpartition(":")
    return {"start_period": int(start or "0"), "limit": most}


def _show(done: Any) -> None:
    said = done.result or (done.response.result if done.response else None)
    write(f"{done.action}: {said.value if said else done.state}")
    if done.reason:
        write(done.reason)
    if done.active is None:
        return
    profile = done.active.charging_profile
    for period in profile.charging_profile_period or ():
        write(f"  from {period.start_period} s: {period.limit} {profile.charging_rate_unit.value}")
