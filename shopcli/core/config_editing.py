"""Changing one value of `config.toml`; comments and all the rest of the file stay as the person wrote them."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from errno import ELOOP
from os import strerror
from pathlib import Path
from stat import S_IMODE
from typing import Any

from backends.errors import Locked, StorageError
from backends.private import FILE, write_text
from shopcli.core.config import ALIASES, PROFILES, BrokenConfig, edited_by_hand, parsed, read, text_of
from shopcli.core.locks import locked
from shopcli.core.paths import SETTINGS_ELSEWHERE, config_file, private_directory, unusable
from shopcli.core.settings import SETTINGS

_Table = MutableMapping[str, Any]


def put(name: str, value: str, profile: str | None = None, path: Path | None = None) -> None:
    """Set a checked value, of a profile if one is named. Raises BrokenConfig, StorageError, Locked."""
    plain = value if SETTINGS[name].choices else _number(value)

    def change(document: _Table) -> None:
        table = document if profile is None else _made(_made(document, PROFILES), profile)
        table[name] = plain

    _edit(change, path)


def take_out(name: str, profile: str | None = None, path: Path | None = None) -> bool:
    """Remove an entry, known or not; returns whether there was one. Raises BrokenConfig, StorageError, Locked."""
    found = False

    def change(document: _Table) -> None:
        nonlocal found
        table: Any = document
        for level in () if profile is None else (PROFILES, profile):
            table = table.get(level, {}) if isinstance(table, Mapping) else {}
        found = isinstance(table, Mapping) and name in table
        if found:
            del table[name]

    if text_of(path or config_file()) is not None:
        _edit(change, path)
    return found


def put_alias(name: str, command: str, path: Path | None = None) -> None:
    """Set what an alias stands for. Raises BrokenConfig, StorageError, Locked."""

    def change(document: _Table) -> None:
        _made(document, ALIASES)[name] = command

    _edit(change, path)


def take_out_alias(name: str, path: Path | None = None) -> bool:
    """Remove an alias; returns whether there was one. Raises BrokenConfig, StorageError, Locked."""
    config = read(path)
    if config is None or name not in config.aliases:
        return False

    def change(document: _Table) -> None:
        document[ALIASES].pop(name, None)

    _edit(change, path)
    return True


def _made(tables: _Table, name: str) -> _Table:
    """Return a table in another one, made if there is none. Raises TypeError where something else has its name."""
    if name not in tables:
        tables[name] = _new_in(tables, name)
    table: _Table = tables[name]
    if not isinstance(table, MutableMapping):
        raise TypeError(name)
    return table


def _new_in(tables: _Table, name: str) -> _Table:
    if type(tables) is dict:
        return {}
    import tomlkit
    from tomlkit.items import InlineTable

    if isinstance(tables, InlineTable):
        return tomlkit.inline_table()
    return tomlkit.table(is_super_table=name == PROFILES)


def _edit(change: Callable[[_Table], None], path: Path | None) -> None:
    """Change a file that can be parsed, and nothing in it but what is to be changed."""
    with _elsewhere():
        path = _target(path or config_file())
    with _elsewhere(), _locked(path):
        text = text_of(path) or ""
        wanted = parsed(path, text)
        try:
            change(wanted)
            changed = _changed(change, text)
            right = _filled(parsed(path, changed)) == _filled(wanted)
        except (BrokenConfig, TypeError, ValueError):
            right = False
        if not right:
            msg = f"the settings in {path} are written so that no command can change this one alone"
            raise BrokenConfig(msg, hint=edited_by_hand(path))
        if changed != text:
            _write(path, changed)


def _changed(change: Callable[[_Table], None], text: str) -> str:
    """Return a file's text with a change. Where tables are mixed tomlkit may move other entries into a new one."""
    import tomlkit

    document = tomlkit.parse(text)
    change(document)
    return tomlkit.dumps(document)


def _filled(table: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out tables without entries: they say nothing."""
    inner = {name: _filled(value) if isinstance(value, dict) else value for name, value in table.items()}
    return {name: value for name, value in inner.items() if value != {}}


def _target(path: Path) -> Path:
    """Return the file behind a link: people keep all their settings elsewhere. Raises StorageError."""
    try:
        target = path.resolve()
    except (OSError, RuntimeError):  # a link to itself; since Python 3.13 it is returned as it is
        target = path
    if target.is_symlink():
        raise unusable(path, OSError(ELOOP, strerror(ELOOP)))
    return target


def _write(path: Path, text: str) -> None:
    try:
        mode = S_IMODE(path.stat().st_mode) if path.exists() else FILE
        write_text(path, text, mode)
    except OSError as error:
        raise unusable(path, error) from None


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Let the hint of what cannot be written be about settings."""
    try:
        yield
    except StorageError as error:
        error.hint = SETTINGS_ELSEWHERE
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    private_directory(path.parent)
    with locked(path.with_name(f".{path.name}.lock")) as held:
        if not held:
            raise Locked("another shop command is changing the settings", hint="run the same command again")
        yield


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
