"""`shop addresses`: list, add and remove."""

from typing import Annotated

import typer

from backends.models import Address
from shopcli.cli.run import Run, begin
from shopcli.cli.views.users import ADDRESS

_LOOK = "shop addresses list"
_EMPTY = "no addresses yet → shop addresses add home"


def _option(flag: str, metavar: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(flag, metavar=metavar, help=text)
    return option


def list_addresses(context: typer.Context) -> None:
    """List addresses, the default first.

    Examples:
      shop addresses list
      shop addresses list -o id

    Exit codes:
      4  nobody is logged in
    """
    run = begin(context, ADDRESS)
    run.out.list(ADDRESS, run.do(run.backend.users.addresses()), empty=_EMPTY)


def add(
    context: typer.Context,
    label: Annotated[
        str | None, typer.Argument(metavar="LABEL", show_default=False, help='What you call it: "home".')
    ] = None,
    name: Annotated[str | None, _option("--name", "NAME", "Who lives there.")] = None,
    line1: Annotated[str | None, _option("--line1", "TEXT", "Street and number.")] = None,
    line2: Annotated[str | None, _option("--line2", "TEXT", "Flat, floor, company.")] = None,
    city: Annotated[str | None, _option("--city", "CITY", "City.")] = None,
    postcode: Annotated[str | None, _option("--postcode", "CODE", "Postcode.")] = None,
    region: Annotated[str | None, _option("--region", "REGION", "State or province.")] = None,
    country: Annotated[str | None, _option("--country", "CC", "Two letters (ISO 3166-1): DE.")] = None,
    phone: Annotated[str | None, _option("--phone", "NUMBER", "For the carrier.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Ship here unless something else is said.")] = False,
) -> None:
    """Add an address, or replace the one of that label. What is missing is asked for on a terminal.

    Examples:
      shop addresses add
      shop addresses add home --name Ada --line1 "Hauptstr. 1" --city Berlin --postcode 10115 --country DE

    Exit codes:
      2  a value is missing or not allowed
      4  nobody is logged in
    """
    run = begin(context, ADDRESS, login=True)
    given = {
        "LABEL": label,
        "--name": name,
        "--line1": line1,
        "--city": city,
        "--postcode": postcode,
        "--country": country,
    }
    asks = not all(given.values())
    if asks:
        run.ask.require(*(flag for flag, value in given.items() if not value))
    address = Address(
        label=label or run.ask.text("What you call it, such as home", "LABEL"),
        name=name or run.ask.text("Name", "--name"),
        line1=line1 or run.ask.text("Street and number", "--line1"),
        line2=_extra(run, line2, "More about the street (or empty)", "--line2", asks=asks),
        postcode=postcode or run.ask.text("Postcode", "--postcode"),
        city=city or run.ask.text("City", "--city"),
        region=_extra(run, region, "State or province (or empty)", "--region", asks=asks),
        country=_capitals(country or run.ask.text("Country, two letters", "--country")),
        phone=_extra(run, phone, "Phone (or empty)", "--phone", asks=asks),
    )
    saved = run.change(run.backend.users.save_address(address, default=default), look=_LOOK)
    run.out.show(ADDRESS, saved)
    run.out.next("shop checkout")


def remove(
    context: typer.Context,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What you called it.")],
) -> None:
    """Remove an address, and list those that are left.

    Examples:
      shop addresses remove home

    Exit codes:
      3  no such address
      4  nobody is logged in
    """
    run = begin(context, ADDRESS)
    run.change(run.backend.users.remove_address(label), look=_LOOK)
    run.out.list(ADDRESS, run.do(run.backend.users.addresses()), empty=_EMPTY)


def _capitals(country: str) -> str:
    """Return `de` as DE; other scripts stay as they are and are refused (`ß` would become SS)."""
    return country.upper() if country.isascii() else country


def _extra(run: Run, value: str | None, question: str, flag: str, *, asks: bool) -> str:
    """Return an optional value; asked for only if the others are asked for too."""
    if value is None and asks:
        return run.ask.text(question, flag, optional=True)
    return value or ""
