"""`shop signup`, `login`, `logout` and `whoami`."""

from typing import Annotated

import typer

from backends.deadline import deadline
from backends.errors import ShopError
from backends.models import User
from shopcli.cli.asking import piped_secret
from shopcli.cli.run import Run, begin
from shopcli.cli.views.users import USER
from shopcli.core.sessions import SessionCorrupted

_Email = Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="The account's e-mail address.")]
_PasswordPiped = Annotated[bool, typer.Option("--password-stdin", help="Read the password from a pipe.")]


def signup(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Your name.")] = None,
    email: _Email = None,
    password_stdin: _PasswordPiped = False,
) -> None:
    """Create an account and log in. What is missing is asked for on a terminal.

    Examples:
      shop signup
      shop signup --name Ada --email ada@example.com --password-stdin < password.txt

    Exit codes:
      2  a value is missing or not allowed
      6  the e-mail address is taken
    """
    run = begin(context, USER)
    _require(run, ("--name", name), ("--email", email), ("--password-stdin", password_stdin))
    name = name or run.ask.text("Name", "--name")
    email = email or run.ask.text("E-mail", "--email")
    password = piped_secret("--password-stdin") if password_stdin else run.ask.new_password("--password-stdin")
    registered = run.change(run.backend.users.signup(name, email, password), look="shop login")
    if registered.verification_required:
        run.out.say(f"the account is made; confirm the message sent to {registered.email}, then log in")
        run.out.next("shop login")
        return
    try:
        user = _log_in(run, email, password)
    except ShopError:
        run.out.say("the account is made, but logging in failed")
        raise
    run.out.show(USER, user)
    run.out.next("shop products list")


def login(
    context: typer.Context,
    email: _Email = None,
    password_stdin: _PasswordPiped = False,
) -> None:
    """Log in. What was put into the cart before is kept.

    Examples:
      shop login
      shop login --email ada@example.com --password-stdin < password.txt

    Exit codes:
      4  e-mail address or password are wrong
    """
    run = begin(context, USER)
    _require(run, ("--email", email), ("--password-stdin", password_stdin))
    email = email or run.ask.text("E-mail", "--email")
    password = piped_secret("--password-stdin") if password_stdin else run.ask.secret("Password", "--password-stdin")
    run.out.show(USER, _log_in(run, email, password))
    run.out.next("shop cart show")


def logout(context: typer.Context) -> None:
    """Log out.

    Examples:
      shop logout
    """
    run = begin(context, USER)
    try:
        run.change(run.backend.users.logout(), look="shop whoami")
    except SessionCorrupted:
        with deadline(run.options.timeout):
            run.shop.sessions.reset()
    run.shop.remember(None)
    run.out.say("logged out")


def whoami(context: typer.Context) -> None:
    """Show who is logged in.

    Examples:
      shop whoami
      shop whoami --json

    Exit codes:
      4  nobody is
    """
    run = begin(context, USER)
    run.out.show(USER, run.do(run.backend.users.me()))


def _log_in(run: Run, email: str, password: str) -> User:
    user = run.change(run.backend.users.login(email, password), look="shop whoami").user
    run.shop.remember(user.email)
    return user


def _require(run: Run, *values: tuple[str, object]) -> None:
    """Name all that is missing at once where nobody can be asked."""
    if lacking := [flag for flag, value in values if not value]:
        run.ask.require(*lacking)
