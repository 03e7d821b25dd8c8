"""`shop account`: show, edit, password and delete."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from backends.capabilities import Capability
from backends.deadline import deadline
from backends.errors import EmailTaken, InvalidValue, Outcome, RateLimited, ShopError, Unsupported, WrongCredentials
from backends.models import User
from backends.text import clean
from shopcli.cli.accounts import PasswordPiped, kept, require
from shopcli.cli.asking.answers import Answers, line, until_accepted
from shopcli.cli.asking.answers import email as email_address
from shopcli.cli.asking.questions import Check, piped_secret
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.leaving import consequences, refuse_unfinished
from shopcli.cli.paying import Yes
from shopcli.cli.run import Run, begin
from shopcli.cli.views.users import ACCOUNT, USER, Account

T = TypeVar("T")
Questions = Mapping[str, Callable[[], str]]

_LOOK = "shop account show"
_PIPE = "--password-stdin"


def show(context: typer.Context) -> None:
    """Show the account: who it is, how many addresses it has, and where the token of the session is kept.

    Examples:
      shop account show
      shop account show --json

    Exit codes:
      4   nobody is logged in
      12  the token is in a keyring that cannot be used
    """
    run = begin(context, ACCOUNT)
    user = run.do(run.backend.users.me())
    if run.shop.sessions.read().get("email") != user.email:
        run.shop.remember(user.email)  # it was changed elsewhere
    run.out.show(ACCOUNT, Account(user.id, user.name, user.email, _addresses(run), kept(run)))


def edit(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The new name.")] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="The new e-mail address.")] = None,
    password_stdin: PasswordPiped = False,
) -> None:
    """Change name or e-mail address; a new e-mail address needs the password.

    Without --name and --email both are asked for on a terminal, and an empty answer keeps what is there.
    You stay logged in everywhere.

    Examples:
      shop account edit
      shop account edit --name "Ada Lovelace"
      shop account edit --email ada@example.com --password-stdin < password.txt

    Exit codes:
      2   a value is missing or not allowed
      4   nobody is logged in, or the password is wrong
      6   the e-mail address is taken
      12  this shop changes no e-mail address from here
    """
    run = begin(context, USER)
    _require_email_support(run, email)
    user = run.do(run.backend.users.me())
    asks = _questions(run, user) if name is None and email is None else {}
    if asks:
        name, email = asks["name"](), asks["e-mail"]() if "e-mail" in asks else None
    changed = _with_email(run, user, email, asks, piped=password_stdin)
    changed = _with_name(run, changed, name, asks, after_email=changed != user)
    if changed == user:
        run.out.say("nothing to change")
    run.out.show(USER, changed)


def password(
    context: typer.Context,
    password_stdin: Annotated[
        bool, typer.Option(_PIPE, help="Read two lines from a pipe: the old password, then the new one.")
    ] = False,
) -> None:
    """Change the password. This session goes on, every other one ends.

    Examples:
      shop account password
      shop account password --password-stdin < passwords.txt

    Exit codes:
      2   the new password is too short
      4   nobody is logged in, or the old password is wrong
      11  no answer: the password is the old one or the new one
    """
    run = begin(context, USER)
    user = run.do(run.backend.users.me())
    asks: Questions = {
        "old password": partial(run.ask.secret, "Old password", _PIPE),
        "password": partial(run.ask.new_password, _PIPE, "New password"),
    }
    if password_stdin:
        answers, asks = dict(zip(asks, _piped_passwords(), strict=True)), {}
    else:
        answers = {name: ask() for name, ask in asks.items()}
    until_accepted(partial(_change_password, run, asks), answers, asks)
    run.out.show(USER, user)
    run.out.say("the password is changed, and every other session of the account has ended")


def delete(
    context: typer.Context,
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Even if checkouts are unfinished.")] = False,
    password_stdin: PasswordPiped = False,
) -> None:
    """Delete the account; its orders stay with the shop. What goes and what stays is said first.

    On a terminal the e-mail address is typed to confirm, and the password. Nothing is deleted while checkouts are
    unfinished: only this account can find out what became of them.

    Examples:
      shop account delete
      shop account delete --yes --password-stdin < password.txt

    Exit codes:
      4    nobody is logged in, or the password is wrong
      6    checkouts are unfinished
      11   no answer: the account may be deleted
      130  not confirmed
    """
    run = begin(context, USER, settles=True)
    user = run.do(run.backend.users.me())
    require(run, ("--yes", yes), (_PIPE, password_stdin))
    if not force:
        refuse_unfinished(run)
    for consequence in run.do(consequences(run.shop, user)):
        run.out.say(consequence)
    if not yes:
        _confirm(run, user)
    account = run.backend.account_id()
    secret, asks = _password(run, piped=password_stdin)
    until_accepted(partial(_delete, run, asks), {"password": secret}, asks)
    with deadline(run.options.timeout):
        run.shop.remember(None)
        run.shop.give_up(account)
    run.out.say(f"the account {user.email} is deleted, and you are logged out")


def _addresses(run: Run) -> int | None:
    if Capability.ADDRESS_BOOK not in run.backend.capabilities:
        return None
    return len(run.do(run.backend.users.addresses()))


def _require_email_support(run: Run, email: str | None) -> None:
    if email is not None and Capability.CHANGE_EMAIL not in run.backend.capabilities:
        raise Unsupported("this shop changes no e-mail address from here", hint="shop account edit --name TEXT")


def _questions(run: Run, user: User) -> Questions:
    """Return what asks for name and e-mail address; an empty answer keeps the present one."""
    if not run.ask.possible:
        raise Usage("nothing to change: --name or --email is missing, and there is no terminal to ask at")

    def ask(question: str, now: str, flag: str, check: Check) -> str:
        return run.ask.text(f"{question} [{clean(now)}]", flag, optional=True, check=check) or now

    asks = {"name": partial(ask, "Name", user.name, "--name", line)}
    if Capability.CHANGE_EMAIL in run.backend.capabilities:
        asks["e-mail"] = partial(ask, "E-mail", user.email, "--email", email_address)
    return asks


def _password(run: Run, *, piped: bool) -> tuple[str, Questions]:
    """Return the password, and what asks for it again."""
    if piped:
        return piped_secret(_PIPE), {}
    ask = partial(run.ask.secret, "Password", _PIPE)
    return ask(), {"password": ask}


def _with_email(run: Run, user: User, email: str | None, asks: Questions, *, piped: bool) -> User:
    if email is None or email == user.email:
        return user
    secret, again = _password(run, piped=piped)
    again = {**asks, **again}
    return until_accepted(partial(_change_email, run, user, again), {"e-mail": email, "password": secret}, again)


def _change_email(run: Run, user: User, again: Questions, answers: Answers) -> User:
    email = answers["e-mail"]
    if email == user.email:
        return user
    stands = f"the e-mail address is {user.email} or {email}"
    action = run.backend.users.change_email(email, answers["password"])
    changed = _sent(run, action, stands=stands, look=_LOOK, again=again)
    run.ask.stands = f"the e-mail address is changed to {changed.email}, but not the name"
    run.shop.remember(changed.email)
    return changed


def _change_password(run: Run, again: Questions, answers: Answers) -> None:
    stands = "the password is the old one or the new one; log in with the new one to find out"
    action = run.backend.users.change_password(answers["old password"], answers["password"])
    _sent(run, action, stands=stands, look="shop login", again=again)


def _delete(run: Run, again: Questions, answers: Answers) -> None:
    stands = "the account may be deleted; if it is, your session has ended"
    _sent(run, run.backend.users.delete_account(answers["password"]), stands=stands, look=_LOOK, again=again)


def _with_name(run: Run, user: User, name: str | None, asks: Questions, *, after_email: bool) -> User:
    if name is None or name == user.name:
        return user
    return until_accepted(partial(_rename, run, user, after_email=after_email), {"name": name}, asks)


def _rename(run: Run, user: User, answers: Answers, *, after_email: bool) -> User:
    name = answers["name"]
    stands = f"the name is {user.name} or {name}"
    try:
        return _sent(run, run.backend.users.rename(name), stands=stands, look=_LOOK)
    except ShopError as error:
        if after_email:
            error.message = f"the e-mail address is changed to {user.email}, but not the name: {error.message}"
            error.outcome = Outcome.APPLIED if error.outcome is Outcome.NOT_APPLIED else error.outcome
        raise


def _piped_passwords() -> tuple[str, str]:
    try:
        return piped_secret(_PIPE), piped_secret(_PIPE)
    except Usage:
        raise
    except InvalidValue:
        raise InvalidValue(f"{_PIPE} expects two lines: the old password, then the new one") from None


def _confirm(run: Run, user: User) -> None:
    typed = run.ask.text(f"Type {clean(user.email)} to delete the account", "--yes", optional=True)
    if typed.casefold() != user.email.casefold():
        raise Cancelled("that is not the account's e-mail address, so nothing was changed")


def _sent(run: Run, action: Coroutine[Any, Any, T], *, stands: str, look: str, again: Questions | None = None) -> T:
    """Run a change of the account. Where its answer got lost the error says what `stands` now.

    What a wrong value was refused for is mended by one answer that can be asked for `again`, or by the same command.
    """
    try:
        return run.change(action, look=look)
    except (EmailTaken, RateLimited, WrongCredentials) as error:
        error.hint = run.path
        raise _refused(error, again or {}) from None
    except ShopError as error:
        if error.outcome is Outcome.UNKNOWN:
            error.message, error.hint = f"{error.message}; {stands}", look
        raise


def _refused(error: ShopError, again: Questions) -> ShopError:
    """Return the error as one about an answer, by its name, if that can be asked for `again`."""
    if isinstance(error, EmailTaken) and "e-mail" in again:
        return InvalidValue("the e-mail address is taken")
    if isinstance(error, WrongCredentials) and again:
        return InvalidValue(f"the {'old password' if 'old password' in again else 'password'} is wrong")
    return error
