"""What shop keeps for a person: settings, profiles, the session, the journal."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shlex import join

from backends.deadline import deadline
from backends.errors import ShopError
from backends.private import NotPrivate, read_json
from shopcli.core.config import read
from shopcli.core.doctor.finding import Finding, State, Surroundings, guarded, in_a_line
from shopcli.core.journal import Journal
from shopcli.core.paths import JOURNAL, config_file, data_directory
from shopcli.core.profiles import Profiles, is_name
from shopcli.core.sessions import file_in

_SECONDS = 2.0
"""How long to wait for another terminal."""


def settings(_: Surroundings) -> Iterator[Finding]:
    """Whether config.toml can be used."""
    config = read()
    if config is None:
        yield Finding(State.OK, "settings", f"as they come; there is no {config_file()}")
        return
    count = len(config.settings) + sum(map(len, config.profiles.values())) + len(config.keys) + len(config.aliases)
    yield Finding(State.OK, "settings", f"{config.path}: {count} set")


def profiles(_: Surroundings) -> Iterator[Finding]:
    """Whether each profile says where its shop is."""
    known = Profiles()
    known.current()
    names = known.names()
    broken = 0
    for name in names:
        try:
            known.backend(name)
        except ShopError as error:
            broken += 1
            yield Finding(State.WRONG, f"profile {name}", error.message, error.hint)
    if not broken:
        yield Finding(State.OK, "profiles", ", ".join(names))


def session(surroundings: Surroundings) -> Iterator[Finding]:
    """Who is logged in at the shop in use, and where that is kept."""
    shop = surroundings.known_shop()
    if shop is None:
        return
    sessions = shop.sessions
    kept = sessions.read()
    who = kept.get("email") or ("somebody is logged in" if "account" in kept else "nobody is logged in")
    token = sessions.kept_where()
    where = "in the system's keyring" if token.kind == "keyring" else "in a file for its owner only:"
    yield Finding(State.OK, "session", f"{who}; tokens are kept {where} {token.where}")
    if "owner" in kept:
        yield _owner(Path(kept["owner"]))


def _owner(keys: Path) -> Finding:
    """Whether the keys of the shop's owner can be used: those that others can read are not."""
    subject = "owner's keys"
    try:
        read_json(keys)
    except NotPrivate:
        return Finding(
            State.WARNING, subject, f"{keys} is not used: others can read it", join(["chmod", "600", str(keys)])
        )
    except (OSError, ValueError) as error:
        again = join(["shop", "serve", "--data", str(keys.parent)])
        return Finding(State.WARNING, subject, f"{keys} cannot be read: {in_a_line(error)}", again)
    return Finding(State.OK, subject, str(keys))


def journals(surroundings: Surroundings) -> Iterator[Finding]:
    """Whether each journal can be read, and whether checkouts are unfinished."""
    found = sorted(_journals(data_directory() / "profiles"))
    if not found:
        yield Finding(State.OK, "journal", "there was no checkout yet")
    shop = surroundings.known_shop()
    in_use = None if shop is None else shop.directory
    for path in found:
        yield from guarded(_subject(path), partial(_journal, path, in_use), surroundings)


def _journals(root: Path) -> Iterator[Path]:
    """Find the journals. Raises OSError where nobody may look, which a glob takes for empty."""
    for directory in root.iterdir() if root.exists() else ():
        if directory.is_dir() and JOURNAL in os.listdir(directory):  # noqa: PTH208  all it costs
            yield directory / JOURNAL


def _subject(path: Path) -> str:
    name = path.parent.name
    return f"journal of {name}" if is_name(name) else "journal of a shop without a name"


def _journal(path: Path, in_use: Path | None, _: Surroundings) -> Iterator[Finding]:
    account = file_in(path.parent).read().get("account")
    journal = Journal(path)
    try:
        with deadline(_SECONDS):
            everyones, mine = journal.count_everyones(), journal.count_unfinished(account)
    finally:
        journal.close()
    if not everyones:
        yield Finding(State.OK, _subject(path), "nothing is unfinished")
        return
    found = f"{everyones} checkout{'s are' if everyones > 1 else ' is'} unfinished"
    whose, verb = ("", "orders resume") if mine else (", of another account", "login")
    yield Finding(State.WARNING, _subject(path), found + whose, f"{_shop(path, in_use)} {verb}")


def _shop(path: Path, in_use: Path | None) -> str:
    name = path.parent.name
    if path.parent == in_use:
        return "shop"
    return f"shop --profile {name}" if is_name(name) else "shop --backend URL"
