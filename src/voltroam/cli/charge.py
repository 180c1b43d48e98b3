"""`authorize` and `prefer`: one question each, of a charger and of a driver."""

from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, write, write_json
from voltroam.cli.run import Json, guarded


def add_to(app: typer.Typer) -> None:
    app.command()(authorize)
    app.command()(prefer)


def authorize(
    context: typer.Context,
    uid: Annotated[str, typer.Argument(metavar="TOKEN_UID", help="What the driver holds up.")],
    kind: Annotated[
        str, typer.Option("--type", help="RFID, APP_USER, AD_HOC_USER or OTHER.")
    ] = "RFID",
    location: Annotated[str | None, typer.Option("--location", help="Where: a location.")] = None,
    evse: Annotated[
        list[str] | None, typer.Option("--evse", help="Uid of an EVSE there; repeat it.")
    ] = None,
    operator: Annotated[
        str | None, typer.Option("--operator", help="CC/PID: which of our operators asks.")
    ] = None,
    driver_of: Annotated[
        str | None, typer.Option("--driver-of", help="CC/PID of the eMSP, where it is known.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask whether a driver may charge at our charger; exit code 0 only if so.

    Example: voltroam -c cpo/voltroam.toml authorize 04A1B2C3 --location UTR-0001 --json
    """
    from voltroam.cli.operating import OperatorClient, with_operator
    from voltroam.cli.ordering import facts, token_type
    from voltroam.operator.rows.live import AUTHORIZE, AuthorizationFacts, AuthorizeWanted

    place = guarded(lambda: _place(location, evse), as_json=json)
    wanted = AuthorizeWanted(
        token_uid=uid, type=token_type(kind), operator=operator, contract_party=driver_of,
        location=place,
    )  # fmt: skip

    async def work(node: OperatorClient) -> AuthorizationFacts:
        return await node.ask(AUTHORIZE, wanted)

    done = with_operator(context, work, as_json=json)
    if json:
        write_json(facts(done))
    else:
        write(f"{done.allowed}, by {done.by}, in {done.ms:.0f} ms")
        if done.info is not None:
            write(done.info.text)
    if done.allowed != "ALLOWED":
        raise typer.Exit(int(Exit.FAILED))


def _place(location: str | None, evses: list[str] | None) -> Any:
    """Where, if that was said. Raises Stop."""
    from voltroam.standard.v2_2_1 import LocationReferences

    if location is not None:
        return LocationReferences(location_id=location, evse_uids=evses or None)
    if evses:
        raise Stop("--evse needs --location.", Exit.USAGE)
    return None


def prefer(
    context: typer.Context,
    session: Annotated[str, typer.Argument(metavar="SESSION_ID", help="A session of our drivers.")],
    profile: Annotated[str, typer.Option("--profile", help="CHEAP, FAST, GREEN or REGULAR.")],
    departure: Annotated[
        str | None, typer.Option("--departure", help="A moment, or minutes from now.")
    ] = None,
    energy: Annotated[
        float | None, typer.Option("--energy", min=0, help="kWh that are needed until then.")
    ] = None,
    discharge: Annotated[
        bool, typer.Option("--discharge", help="The battery may feed back meanwhile.")
    ] = False,
    operator: Annotated[
        str | None, typer.Option("--operator", help="CC/PID of the session's operator.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell a partner's charger what the driver would like; exit code 0 only if it will do so.

    Example: voltroam -c emsp/voltroam.toml prefer SESSION_ID --profile CHEAP --departure 480
    --energy 20
    """
    from voltroam.cli.operating import OperatorClient, with_operator
    from voltroam.cli.ordering import operator_of
    from voltroam.operator.rows.live import PREFER, PreferenceAnswer

    body = _preferences(profile, departure, energy, discharge)

    async def work(node: OperatorClient) -> PreferenceAnswer:
        country, party = await operator_of(node, session, operator)
        return await node.ask(
            PREFER, body, country_code=country, party_id=party, session_id=session
        )  # fmt: skip

    done = with_operator(context, work, as_json=json)
    if json:
        write_json({"response": done.response.value})
    else:
        write(done.response.value)
    if done.response.value != "ACCEPTED":
        raise typer.Exit(int(Exit.FAILED))


def _preferences(
    profile: str, departure: str | None, energy: float | None, discharge: bool
) -> bytes:
    from decimal import Decimal

    from voltroam.cli.ordering import moment
    from voltroam.standard.v2_2_1 import ChargingPreferences, ProfileType
    from voltroam.wire.encode import encode

    try:
        kind = ProfileType(profile.upper())
    except ValueError:
        names = ", ".join(ProfileType)
        raise typer.BadParameter(f"one of {names}", param_hint="--profile") from None
    wanted: dict[str, Any] = {"profile_type": kind, "discharge_allowed": discharge or None}
    if departure is not None:
        wanted["departure_time"] = moment(departure)
    if energy is not None:
        wanted["energy_need"] = Decimal(str(energy))
    return encode(ChargingPreferences(**wanted))
