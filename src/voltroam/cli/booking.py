"""`booking`: slots at chargers, booked ahead, through the running node."""

from pathlib import Path
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json, guarded

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Book a charger ahead, change and cancel it."
)

Name = Annotated[str, typer.Argument(metavar="OWNER/ID", help="As `booking list` names it.")]
Start = Annotated[str, typer.Option("--start", help="A moment, or minutes from now.")]
End = Annotated[str, typer.Option("--end", help="A moment, or minutes from now.")]


@group.command()
def places(context: typer.Context, json: Json = False) -> None:
    """What can be booked, at our chargers and at partners'.

    Example: voltroam -c emsp/voltroam.toml booking places --json
    """
    from voltroam.operator.rows.bookings import LIST_PLACES

    found = _all(context, LIST_PLACES, json=json)
    if not json:
        rows = [(_name(one), one["location_id"], _slots(one)) for one in found]
        write_table(("place", "location", "free slots"), rows)


@group.command()
def offer(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="BookingLocations in JSON, one or a list; - stdin.")],
    json: Json = False,
) -> None:
    """Add or replace what can be booked at our chargers; partners are told.

    Example: voltroam -c cpo/voltroam.toml booking offer places.json
    """
    import sys

    import msgspec

    from voltroam.cli.operating import OperatorClient, with_operator
    from voltroam.operator.rows.bookings import PUT_PLACE

    def given() -> list[Any]:
        try:
            data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
            plain = msgspec.json.decode(data)
        except (OSError, msgspec.DecodeError) as error:
            raise Stop(f"{file} cannot be read: {error}.", Exit.USAGE) from None
        return plain if isinstance(plain, list) else [plain]

    places = guarded(given, as_json=json)

    async def put(node: OperatorClient) -> int:
        for place in places:
            await node.ask(
                PUT_PLACE, msgspec.json.encode(place), country_code=place["country_code"],
                party_id=place["party_id"], booking_location_id=place["id"],
            )  # fmt: skip
        return len(places)

    count = with_operator(context, put, as_json=json)
    if json:
        write_json({"accepted": count})
    else:
        write(f"{count} booking locations are offered.")


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All bookings, at our chargers and of our drivers.

    Example: voltroam -c emsp/voltroam.toml booking list --json
    """
    from voltroam.operator.rows.bookings import LIST_BOOKINGS

    found = _all(context, LIST_BOOKINGS, json=json)
    if not json:
        rows = [
            (_name(one), one["period"]["start_date_time"], one["period"]["end_date_time"],
             one["reservation_status"])
            for one in found
        ]  # fmt: skip
        write_table(("booking", "start", "end", "state"), rows)


@group.command()
def show(context: typer.Context, booking: Name, json: Json = False) -> None:
    """One booking, with every request that was made for it.

    Example: voltroam -c emsp/voltroam.toml booking show NL/NOD/7c9e --json
    """
    from voltroam.operator.rows.bookings import GET_BOOKING

    _ask(context, GET_BOOKING, None, json=json, **_ids(booking))


@group.command()
def request(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="OPERATOR/ID", help="As `booking places` says.")],
    start: Start,
    end: End,
    token: Annotated[
        list[str] | None, typer.Option("--token", help="Uid of a token of ours; repeat it.")
    ] = None,
    power: Annotated[int | None, typer.Option("--power", help="kW that the driver needs.")] = None,
    json: Json = False,
) -> None:
    """Book a slot.

    Example: voltroam -c emsp/voltroam.toml booking request NL/NOD/BL1 --start 60 --end 120
    --token 04A1B2C3
    """
    from voltroam.cli.ordering import slot
    from voltroam.operator.rows.bookings import REQUEST_BOOKING, BookingWanted

    operator, _, name = place.rpartition("/")
    begin, until = slot(start, end)
    wanted = BookingWanted(
        operator=operator, booking_location_id=name, start=begin, end=until,
        token_uids=token or [], power_required=power,
    )  # fmt: skip
    _ask(context, REQUEST_BOOKING, wanted, json=json)


@group.command()
def change(
    context: typer.Context, booking: Name, start: Start, end: End, json: Json = False
) -> None:
    """Ask for another time; the booking stays until that is granted.

    Example: voltroam -c emsp/voltroam.toml booking change NL/NOD/7c9e --start 90 --end 150
    """
    from voltroam.cli.ordering import slot
    from voltroam.operator.rows.bookings import CHANGE_BOOKING, BookingChange

    begin, until = slot(start, end)
    wanted = BookingChange(start=begin, end=until)
    _ask(context, CHANGE_BOOKING, wanted, json=json, **_ids(booking))


@group.command()
def cancel(
    context: typer.Context,
    booking: Name,
    reason: Annotated[
        str, typer.Option("--reason", help="POWER_OUTAGE, BROKEN_CHARGER, TRAFFIC …")
    ] = "UNKNOWN",
    json: Json = False,
) -> None:
    """Give a booking up, one at a partner's or at our own charger.

    Example: voltroam -c emsp/voltroam.toml booking cancel NL/NOD/7c9e --reason TRAFFIC
    """
    from voltroam.operator.rows.bookings import CANCEL_BOOKING, BookingEnd
    from voltroam.standard.v2_3_0.bookings import CanceledReason

    try:
        wanted = BookingEnd(reason=CanceledReason(reason.upper()))
    except ValueError:
        names = ", ".join(CanceledReason)
        raise typer.BadParameter(f"one of {names}", param_hint="--reason") from None
    _ask(context, CANCEL_BOOKING, wanted, json=json, **_ids(booking))


@group.command()
def accept(context: typer.Context, booking: Name, json: Json = False) -> None:
    """Grant the open request of a booking at our charger.

    Example: voltroam -c cpo/voltroam.toml booking accept NL/NOD/7c9e
    """
    _answer(context, booking, accepted=True, json=json)


@group.command()
def decline(context: typer.Context, booking: Name, json: Json = False) -> None:
    """Decline the open request of a booking at our charger.

    Example: voltroam -c cpo/voltroam.toml booking decline NL/NOD/7c9e
    """
    _answer(context, booking, accepted=False, json=json)


def _answer(context: typer.Context, booking: str, *, accepted: bool, json: bool) -> None:
    from voltroam.operator.rows.bookings import ANSWER_BOOKING, BookingAnswer

    _ask(context, ANSWER_BOOKING, BookingAnswer(accepted=accepted), json=json, **_ids(booking))


def _ids(name: str) -> dict[str, str]:
    parts = name.split("/", 2)
    if len(parts) != 3:
        raise typer.BadParameter("a booking is named CC/PID/ID")
    return dict(zip(("country_code", "party_id", "booking_id"), parts, strict=True))


def _all(context: typer.Context, operation: Any, *, json: bool) -> list[Any]:
    from voltroam.cli.operating import OperatorClient, with_operator

    async def asked(node: OperatorClient) -> list[Any]:
        return [one async for one in node.each(operation)]

    found = with_operator(context, asked, as_json=json)
    if json:
        write_json(found)
    return found


def _ask(context: typer.Context, operation: Any, wanted: Any, *, json: bool, **ids: Any) -> None:
    from voltroam.cli.operating import with_operator

    done = with_operator(context, lambda node: node.ask(operation, wanted, **ids), as_json=json)
    if json:
        write_json(done)
        return
    period = done["period"]
    write(f"{_name(done)}: {done['reservation_status']}")
    write(f"  {period['start_date_time']} to {period['end_date_time']}")
    write(f"  last request: {done['booking_requests'][-1]['request_status']}")


def _name(one: Any) -> str:
    return f"{one['country_code']}/{one['party_id']}/{one['id']}"


def _slots(place: Any) -> int:
    return sum(len(one["available_timeslots"]) for one in place.get("calendars", ()))
