"""`partner`: who we exchange with, and what goes on with each."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Invite, register and look after partners."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What we call the partner.")]


class OurRole(StrEnum):
    """A registration of 2.1.1 is for one of them."""

    CPO = "CPO"
    EMSP = "EMSP"


WeAre = Annotated[
    OurRole | None,
    typer.Option("--as", case_sensitive=False, help="Our role, for a partner of OCPI 2.1.1."),
]


@group.command()
def invite(
    context: typer.Context,
    name: Name,
    we_are: WeAre = None,
    parties: Annotated[
        list[str] | None,
        typer.Option(
            "--party",
            metavar="CC/PID/ROLE",
            help="Of a hub: a party that it will bring; the others are told that it is PLANNED.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a registration token for a partner; it is shown once and works once.

    Example: voltroam -c cpo/voltroam.toml partner invite movia --json
    """
    from voltroam.cli.noted import noted
    from voltroam.cli.registering import Answering, with_answering
    from voltroam.roaming.hub.planning import plan, planned_roles
    from voltroam.standard.v2_2_1 import Role

    role = Role(we_are.value) if we_are else None

    async def work(node: Answering) -> dict[str, str]:
        roles = planned_roles(node.holdings.identity, name, parties or ())
        async with noted(node.store, "invite_partner", "partners", name, status=201):
            made = await node.registration.invite(name, we_are=role)
            await plan(node.holdings.directory, made.platform.id, roles)
        return {"name": name, "versions_url": made.versions_url, "token": made.token}

    done = with_answering(context, work, as_json=json)
    if json:
        write_json(done)
        return
    write(f"Send these to {name} over a safe channel; the token is shown only now:")
    write(f"  versions URL  {done['versions_url']}")
    write(f"  token         {done['token']}")


@group.command()
def register(
    context: typer.Context,
    versions_url: Annotated[str, typer.Argument(help="The partner's versions URL.")],
    token: Annotated[str, typer.Argument(help="The token that the partner gave you.")],
    name: Annotated[str, typer.Option(help="What we call the partner.")],
    we_are: WeAre = None,
    version: Annotated[
        str | None, typer.Option(help="Speak this OCPI version with it; else the highest common.")
    ] = None,
    json: Json = False,
) -> None:
    """Register with a partner that invited us; our node must be serving.

    Example: voltroam -c emsp/voltroam.toml partner register VERSIONS_URL TOKEN --name noda
    """
    from voltroam.cli.about import facts
    from voltroam.cli.noted import noted
    from voltroam.cli.registering import Answering, with_answering
    from voltroam.roaming.platforms import Platform
    from voltroam.standard.v2_2_1 import Role

    role = Role(we_are.value) if we_are else None

    async def work(node: Answering) -> Platform:
        async with noted(node.store, "register_partner", "partners", name, status=201):
            return await node.registration.register(
                versions_url, token, name, we_are=role, version=version
            )

    platform = with_answering(context, work, as_json=json)
    done = {name: facts(platform)[name] for name in ("name", "status", "version", "roles")}
    if json:
        write_json(done)
        return
    write(f"{name} is {platform.status.value}, OCPI {platform.version}: {', '.join(done['roles'])}")


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All partners and how they are.

    Example: voltroam -c cpo/voltroam.toml partner list
    """
    from voltroam.cli import looking
    from voltroam.cli.about import facts
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        asked = looking.operators(holdings)
        return [
            facts(platform) | await asked.brief(platform) for platform in await holdings.partners()
        ]

    found = with_holdings(context, work, as_json=json)
    if json:
        write_json(found)
        return
    columns = ("name", "status", "version", "roles", "paused", "lag", "parked", "reason")
    write_table(columns, ([partner[column] for column in columns] for partner in found))


@group.command()
def show(context: typer.Context, name: Name, json: Json = False) -> None:
    """One partner: endpoints, profile, what waits for it, what went wrong.

    Example: voltroam -c cpo/voltroam.toml partner show movia
    """
    import msgspec

    from voltroam.cli import looking
    from voltroam.cli.about import facts, profile_facts
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> dict[str, Any]:
        platform = await holdings.partner(name)
        return facts(platform) | {
            "versions_url": platform.versions_url,
            "endpoints": msgspec.to_builtins(platform.endpoints),
            "profile": profile_facts(platform.profile),
            "delivery": looking.spelled(await looking.operators(holdings).facts(platform)),
            "questions": await looking.questions(holdings, platform),
        }

    done = with_holdings(context, work, as_json=json)
    if json:
        write_json(done)
        return
    from voltroam.cli.sheet import write_partner

    write_partner(done)


def _changed(
    context: typer.Context, name: str, json: bool, act: str, sentence: str, **changes: Any
) -> None:
    import msgspec

    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.cli.noted import noted
    from voltroam.roaming.platforms import Platform

    async def work(holdings: Holdings) -> Platform:
        async with noted(holdings.store, f"{act}_partner", "partners", name, act):
            return await holdings.change_partner(
                name, lambda now: msgspec.structs.replace(now, **changes)
            )

    _tell(with_holdings(context, work, as_json=json), json, sentence)


def _tell(platform: Any, json: bool, sentence: str) -> None:
    from voltroam.cli.about import facts

    if json:
        write_json(facts(platform))
        return
    write(sentence)


@group.command()
def pause(context: typer.Context, name: Name, json: Json = False) -> None:
    """Stop sending to a partner; what changes meanwhile is sent on resume.

    Example: voltroam -c cpo/voltroam.toml partner pause movia
    """
    _changed(context, name, json, "pause", f"{name} is paused.", paused=True)


@group.command()
def resume(context: typer.Context, name: Name, json: Json = False) -> None:
    """Go on sending to a paused partner.

    Example: voltroam -c cpo/voltroam.toml partner resume movia
    """
    _changed(context, name, json, "resume", f"{name} is resumed.", paused=False)


@group.command()
def resync(context: typer.Context, name: Name, json: Json = False) -> None:
    """Send everything the partner may see anew, and pull everything it offers.

    Example: voltroam -c cpo/voltroam.toml partner resync movia
    """
    from voltroam.cli import looking
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.cli.noted import noted
    from voltroam.roaming.platforms import Platform

    async def work(holdings: Holdings) -> Platform:
        async with noted(holdings.store, "resync_partner", "partners", name, "resync"):
            platform = await holdings.partner(name)
            await looking.operators(holdings).resync(platform)
            return platform

    _tell(with_holdings(context, work, as_json=json), json, f"{name} is synchronised anew.")


@group.command()
def rotate(context: typer.Context, name: Name, json: Json = False) -> None:
    """Exchange both credentials tokens for new ones; the old ones work for a grace period.

    Example: voltroam -c cpo/voltroam.toml partner rotate movia
    """
    from voltroam.cli.noted import noted
    from voltroam.cli.registering import Answering, with_answering
    from voltroam.roaming.platforms import Platform

    async def work(node: Answering) -> Platform:
        async with noted(node.store, "rotate_partner", "partners", name, "rotate"):
            return await node.registration.rotate(await node.holdings.partner(name))

    _tell(with_answering(context, work, as_json=json), json, f"The tokens with {name} are new.")


@group.command()
def remove(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """End the partnership: unregister there, forget the tokens here.

    Example: voltroam -c cpo/voltroam.toml partner remove movia --yes
    """
    import sys

    if not (yes or json or not sys.stdin.isatty()):
        typer.confirm(f"End the partnership with {name}?", abort=True)

    from voltroam.cli.noted import noted
    from voltroam.cli.registering import Answering, with_answering

    async def work(node: Answering) -> None:
        async with noted(node.store, "remove_partner", "partners", name, status=204):
            await node.registration.remove(await node.holdings.partner(name))

    with_answering(context, work, as_json=json)
    if json:
        write_json({"name": name, "removed": True})
        return
    write(f"{name} is removed.")


@group.command()
def parked(context: typer.Context, name: Name, json: Json = False) -> None:
    """Objects that the partner refused, with its words; they go again when they change.

    Example: voltroam -c cpo/voltroam.toml partner parked movia
    """
    from voltroam.cli import looking
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        return await looking.parked(holdings, await holdings.partner(name))

    found = with_holdings(context, work, as_json=json)
    if json:
        write_json(found)
        return
    columns = ("object", "attempts", "http", "code", "reason", "at", "later")
    write_table(columns, ([item[column] for column in columns] for item in found))


@group.command()
def retry(context: typer.Context, name: Name, json: Json = False) -> None:
    """Send all parked objects again.

    Example: voltroam -c cpo/voltroam.toml partner retry movia
    """
    from voltroam.cli import looking
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.cli.noted import noted

    async def work(holdings: Holdings) -> int:
        async with noted(holdings.store, "retry_parked", "partners", name, "parked", "retry"):
            return await looking.retry(holdings, await holdings.partner(name))

    count = with_holdings(context, work, as_json=json)
    if json:
        write_json({"name": name, "retried": count})
        return
    write(f"{count} parked objects go again.")


@group.command()
def profile(
    context: typer.Context,
    name: Name,
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="What to change.")
    ] = None,
    json: Json = False,
) -> None:
    """Show or change how the partner deviates from the standard.

    Example: voltroam -c cpo/voltroam.toml partner profile movia base64=false push=put
    """
    import msgspec

    from voltroam.cli.about import changed_profile, profile_facts
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.cli.noted import noted
    from voltroam.roaming.platforms import Profile

    async def work(holdings: Holdings) -> Profile:
        platform = await holdings.partner(name)
        if not changes:
            return platform.profile
        changed = changed_profile(platform.profile, changes)
        async with noted(holdings.store, "set_partner_profile", "partners", name, "profile"):
            platform = await holdings.change_partner(
                name, lambda now: msgspec.structs.replace(now, profile=changed)
            )
        return platform.profile

    done = profile_facts(with_holdings(context, work, as_json=json))
    if json:
        write_json(done)
        return
    write_table(("key", "value"), done.items())
