"""`shop signup`, `login`, `logout` and `whoami`."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from backends.deadline import deadline
from backends.errors import ShopError
from backends.models import Registered, User
from shopcli.cli.asking.answers import Answers, line, until_accepted
from shopcli.cli.asking.answers import email as email_address
from shopcli.cli.asking.questions import piped_secret
from shopcli.cli.run import Run, begin
from shopcli.cli.views.users import USER, WHO, Credentials, Who
from shopcli.core.sessions import SessionCorrupted

_Email = Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="The account's e-mail address.")]
PasswordPiped = Annotated[bool, typer.Option("--password-stdin", help="Read the password from a pipe.")]


def signup(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Your name.")] = None,
    email: _Email = None,
    password_stdin: PasswordPiped = False,
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
    require(run, ("--name", name), ("--email", email), ("--password-stdin", password_stdin))
    given = {
        "name": name,
        "e-mail": email,
        "password": piped_secret("--password-stdin") if password_stdin else None,
    }
    asks = {key: ask for key, ask in _questions(run).items() if not given[key]}
    answers = {key: asks[key]() if key in asks else value or "" for key, value in given.items()}
    registered = until_accepted(partial(_sign_up, run), answers, asks)
    email, password = answers["e-mail"], answers["password"]
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


def _questions(run: Run) -> dict[str, Callable[[], str]]:
    """Return what asks for each answer, by the word that a shop uses for it."""
    return {
        "name": partial(run.ask.text, "Name", "--name", check=line),
        "e-mail": partial(run.ask.text, "E-mail", "--email", check=email_address),
        "password": partial(run.ask.new_password, "--password-stdin"),
    }


def _sign_up(run: Run, answers: Answers) -> Registered:
    name, email, password = answers["name"], answers["e-mail"], answers["password"]
    return run.change(run.backend.users.signup(name, email, password), look="shop login")


def login(
    context: typer.Context,
    email: _Email = None,
    password_stdin: PasswordPiped = False,
) -> None:
    """Log in. What was put into the cart before is kept.

    Examples:
      shop login
      shop login --email ada@example.com --password-stdin < password.txt

    Exit codes:
      4  e-mail address or password are wrong
    """
    run = begin(context, USER)
    require(run, ("--email", email), ("--password-stdin", password_stdin))
    email = email or run.ask.text("E-mail", "--email", check=email_address)
    password = piped_secret("--password-stdin") if password_stdin else run.ask.secret("Password", "--password-stdin")
    run.out.show(USER, _log_in(run, email, password))
    run.out.next("shop cart show")


def logout(context: typer.Context) -> None:
    """Log out.

    Examples:
      shop logout
    """
    run = begin(context, USER)
    was_in = True
    try:
        was_in = run.backend.account_id() is not None
        run.change(run.backend.users.logout(), look="shop whoami")
    except SessionCorrupted:
        with deadline(run.options.timeout):
            run.shop.sessions.reset()
    run.shop.remember(None)
    run.out.say("logged out" if was_in else "nobody is logged in")


def whoami(context: typer.Context) -> None:
    """Show who is logged in, and where the token of the session is kept.

    Examples:
      shop whoami
      shop whoami --json | jq .credentials.where

    Exit codes:
      4   nobody is
      12  the token is in a keyring that cannot be used
    """
    run = begin(context, WHO)
    user = run.do(run.backend.users.me())
    run.out.show(WHO, Who(user.id, user.name, user.email, kept(run)))


def kept(run: Run) -> Credentials | None:
    """Return where the token is; nothing to tell of one that ends with its shop."""
    if run.shop.url.startswith("memory:"):
        return None
    with deadline(run.options.timeout):
        return Credentials(*run.shop.sessions.kept_where())


def _log_in(run: Run, email: str, password: str) -> User:
    before, known_as = run.backend.account_id(), run.shop.sessions.read().get("email")
    user = run.change(run.backend.users.login(email, password), look="shop whoami").user
    if before is not None and before != run.backend.account_id():
        run.out.say(f"{known_as or 'somebody else'} was logged in here, and is not any more")
    run.shop.remember(user.email)
    return user


def require(run: Run, *values: tuple[str, object]) -> None:
    """Name all that is missing at once where nobody can be asked."""
    if lacking := [flag for flag, value in values if not value]:
        run.ask.require(*lacking)
