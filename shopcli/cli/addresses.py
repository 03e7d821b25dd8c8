"""`shop addresses`: list, add and remove."""

from functools import partial
from typing import Annotated, NamedTuple

import typer

from backends.models import Address
from shopcli.cli.asking import answers, choosing
from shopcli.cli.asking.answers import Answers, until_accepted
from shopcli.cli.asking.questions import Check
from shopcli.cli.run import Run, begin
from shopcli.cli.views.users import ADDRESS

_LOOK = "shop addresses list"
_EMPTY = "no addresses yet → shop addresses add home"


class _Question(NamedTuple):
    """What is asked about an address."""

    field: str
    flag: str
    text: str
    optional: bool = False
    check: Check = answers.line


_QUESTIONS = (
    _Question("label", "LABEL", "What you call it, such as home"),
    _Question("name", "--name", "Name"),
    _Question("line1", "--line1", "Street and number"),
    _Question("line2", "--line2", "More about the street (or empty)", optional=True),
    _Question("postcode", "--postcode", "Postcode"),
    _Question("city", "--city", "City"),
    _Question("region", "--region", "State or province (or empty)", optional=True),
    _Question("country", "--country", "Country, two letters", check=answers.country),
    _Question("phone", "--phone", "Phone (or empty)", optional=True),
)


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
        "label": label,
        "name": name,
        "line1": line1,
        "line2": line2,
        "postcode": postcode,
        "city": city,
        "region": region,
        "country": country,
        "phone": phone,
    }
    saved = asked(run, {field: value for field, value in given.items() if value}, default=default)
    run.out.show(ADDRESS, saved)
    run.out.next("shop checkout")


def remove(
    context: typer.Context,
    label: Annotated[
        str | None, typer.Argument(metavar="LABEL", show_default=False, help="What you called it.")
    ] = None,
) -> None:
    """Remove an address, and list those that are left. Which one is asked for on a terminal, where none is named.

    Examples:
      shop addresses remove home

    Exit codes:
      3  no such address
      4  nobody is logged in
    """
    run = begin(context, ADDRESS)
    if label is None:
        run.ask.require("LABEL", hint=_LOOK)
        label = choosing.address(run, "Remove", "LABEL", run.do(run.backend.users.addresses())).label
    run.change(run.backend.users.remove_address(label), look=_LOOK)
    run.out.list(ADDRESS, run.do(run.backend.users.addresses()), empty=_EMPTY)


def asked(run: Run, given: dict[str, str], *, default: bool = False) -> Address:
    """Save an address, of what is given and what the person is asked for; what the shop refuses is asked for again.

    Raises Usage that names what is missing where nobody can be asked, InvalidValue for what was given.
    """
    lacking = [question for question in _QUESTIONS if question.field not in given]
    required = [question.flag for question in lacking if not question.optional]
    if required:
        run.ask.require(*required)
    again = {question.field: partial(_answer, run, question) for question in (lacking if required else ())}
    said = {question.field: "" for question in _QUESTIONS} | given
    said.update({field: ask() for field, ask in again.items()})
    return until_accepted(partial(_save, run, default=default), said, again)


def _answer(run: Run, question: _Question) -> str:
    return run.ask.text(question.text, question.flag, optional=question.optional, check=question.check)


def _save(run: Run, said: Answers, *, default: bool) -> Address:
    address = Address(**{**said, "country": _capitals(said["country"])})
    return run.change(run.backend.users.save_address(address, default=default), look=_LOOK)


def _capitals(country: str) -> str:
    """Return `de` as DE; other scripts stay as they are and are refused (`ß` would become SS)."""
    return country.upper() if country.isascii() else country
