"""`shop profile`: list, use, create and delete."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from backends.deadline import deadline
from backends.errors import ConfigurationError, InvalidValue, StorageError
from shopcli.cli.asking.choices import Choice
from shopcli.cli.asking.choosing import some
from shopcli.cli.paying import Yes
from shopcli.cli.run import Run
from shopcli.cli.views.profiles import PROFILE
from shopcli.core.profile import Profile
from shopcli.core.profiles import DEFAULT, Profiles, allowed, served, still_unfinished
from shopcli.core.shop import open_shop

_USED = "shop profile use"

_Known = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False, help="The profile's name.")]


def list_profiles(context: typer.Context) -> None:
    """List profiles: where each shop is, who is logged in there, and which one is in use. Asks no shop.

    Which shop a command uses is said, from strongest to weakest, by --backend, --profile, SHOP_BACKEND,
    SHOP_PROFILE, shop profile use; else it is "default", the shop that comes with shop.

    Examples:
      shop profile list
      shop profile list --json | jq '.items[] | select(.current).backend'

    Exit codes:
      12  a file cannot be read
    """
    run = _begin(context)
    profiles = Profiles()
    _list(run, profiles)
    chosen, by = _chosen(run, profiles)
    if chosen not in profiles.names():
        run.out.say(f"{by} says {chosen or run.options.backend}, which is none of these")


def use(context: typer.Context, name: _Known = None) -> None:
    """Use a profile from now on, wherever nothing else is said. A terminal asks which one, where none is named.

    Examples:
      shop profile use staging
      shop profile use default

    Exit codes:
      12  no such profile
    """
    run = _begin(context)
    profiles = Profiles()
    name = _picked(run, profiles, profiles.names()) if name is None else name
    with deadline(run.options.timeout):
        profiles.use(name)
    _show_used(run, profiles, name)


def create(
    context: typer.Context,
    name: _Known = None,
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", show_default=False, help="Where it is: http://HOST:PORT, sqlite:DIRECTORY."),
    ] = None,
    owner: Annotated[
        Path | None, typer.Option("--owner", metavar="FILE", help="The owner.json of shop serve, for its owner.")
    ] = None,
    use: Annotated[bool, typer.Option("--use", help="Use it from now on.")] = False,
) -> None:
    """Give a shop a name. Its session and its unfinished checkouts are kept apart from all others.

    A name is 1 to 40 of a-z, 0-9 and -. Nobody is logged in at first. A terminal asks for what is missing.

    Examples:
      shop profile create corner sqlite:corner-shop
      shop profile create mine http://127.0.0.1:8080 --owner shop-data/owner.json --use

    Exit codes:
      2   the name is not allowed
      6   the profile exists
      12  nobody serves the URL, or the owner's file is not that shop's
    """
    run = _begin(context)
    profiles = Profiles()
    if lacking := [what for what, given in (("NAME", name), ("URL", url)) if given is None]:
        run.ask.require(*lacking)
    name = run.ask.text("Name", "NAME", check=partial(_is_new, profiles)) if name is None else name
    url = run.ask.text("URL", "URL", check=partial(_is_served, name)) if url is None else url
    with deadline(run.options.timeout):
        profiles.create(name, url, owner=owner)
        if use:
            profiles.use(name)
    if use:
        _show_used(run, profiles, name)
        return
    run.out.show(PROFILE, _shown(run, profiles, name))
    run.out.next(f"{_USED} {name}")


def delete(
    context: typer.Context,
    name: _Known = None,
    force: Annotated[bool, typer.Option("--force", help="Even if checkouts are unfinished.")] = False,
    yes: Yes = False,
) -> None:
    """Forget a profile, its session and its guest's cart; the shop itself and its orders stay.

    A terminal asks which one, where none is named.

    Nothing is deleted while checkouts of the profile are unfinished: only it knows what was sent.

    Examples:
      shop profile delete staging
      shop profile delete staging --yes

    Exit codes:
      2   it is the default profile
      6   checkouts are unfinished
      12  no such profile
    """
    run = _begin(context)
    profiles = Profiles()
    if name is None:
        name = _picked(run, profiles, [each for each in profiles.names() if each != DEFAULT])
    profiles.deletable(name)
    if not yes:
        run.ask.require("--yes")
    with deadline(run.options.timeout):
        lost = _lost(profiles, name, force=force, asked=not yes)
    for what in lost:
        run.out.say(f"lost with {name}: {what}")
    if not yes:
        run.ask.confirm(f"Delete the profile {name}?")
    with deadline(run.options.timeout):
        was_used = profiles.delete(name, force=force)
    if was_used:
        run.out.say(f"{name} was the one in use; that is {DEFAULT} now")
    _list(run, profiles)


def _begin(context: typer.Context) -> Run:
    """Start a command that opens no shop: profiles can be looked after while one of them is broken."""
    run: Run = context.obj
    run.path = context.command_path
    run.out.check(PROFILE)
    return run


def _picked(run: Run, profiles: Profiles, names: Sequence[str]) -> str:
    run.ask.require("NAME", hint="shop profile list")
    chosen, _ = _chosen(run, profiles)
    known = [profiles.show(name, chosen_by=None) for name in names]
    choices = [Choice(each.name, each.name, "  ".join(filter(None, (each.backend, each.account)))) for each in known]
    some(choices, f"there is no profile but {DEFAULT}", "shop profile list")
    return run.ask.pick("Profile", "NAME", choices, default=chosen)


def _is_new(profiles: Profiles, name: str) -> None:
    """Accept the name of a profile that can be created. Raises InvalidValue."""
    allowed(name)
    if name in profiles.names():
        raise InvalidValue(f"there is a profile {name} already")


def _is_served(name: str, url: str) -> None:
    """Accept where a shop may be. Raises InvalidValue."""
    try:
        served(name, url)
    except ConfigurationError as error:
        raise InvalidValue(error.message) from None


def _list(run: Run, profiles: Profiles) -> None:
    names = profiles.names()
    run.out.list(PROFILE, [_shown(run, profiles, name) for name in names], total=len(names), empty="")


def _shown(run: Run, profiles: Profiles, name: str) -> Profile:
    chosen, by = _chosen(run, profiles)
    return profiles.show(name, chosen_by=by if name == chosen else None)


def _show_used(run: Run, profiles: Profiles, name: str) -> None:
    """Show the profile that is used from now on, and what may still speak against it."""
    run.out.show(PROFILE, _shown(run, profiles, name))
    chosen, by = _chosen(run, profiles)
    if not run.closes_shop:
        run.out.say("the shop that is open here stays; what is started from now on uses the profile")
    elif chosen != name:
        run.out.say(f"! {by} says {chosen or run.options.backend}, and is stronger")
    run.out.next("shop")


def _chosen(run: Run, profiles: Profiles) -> tuple[str | None, str]:
    """Return the profile of this command, None for a URL without a name, and what chose it."""
    options = run.options
    if options.backend is not None:
        return open_shop(options.backend).profile, options.chosen_by or ""
    if options.profile is not None:
        return options.profile, options.chosen_by or ""
    used = profiles.current()
    return (used, _USED) if used else (DEFAULT, DEFAULT)


def _lost(profiles: Profiles, name: str, *, force: bool, asked: bool) -> list[str]:
    """Say what is deleted with a profile. Raises Conflict for what only `--force` deletes.

    Logging out is advised only where the person is `asked`: without the profile it is too late for that.
    """
    lost = []
    if account := profiles.show(name, chosen_by=None).account:
        first = f"; to end it there too, say no and run: shop --profile {name} logout" if asked else ""
        lost.append(f"the session of {account}, which ends here and not at the shop{first}")
    try:
        count = profiles.unfinished(name)
    except StorageError as error:
        if not force:
            raise
        lost.append(f"a journal that cannot be read: {error.message}")
        return lost
    if count and not force:
        raise still_unfinished(name, count)
    if count:
        lost.append(f"{count} unfinished: what became of that is only in the shop's list of orders")
    return lost
