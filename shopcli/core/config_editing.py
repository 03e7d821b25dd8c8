"""Changing one value of `config.toml`; comments and all the rest of the file stay as the person wrote them."""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import Locked
from backends.private import write_text
from shopcli.core.config import PROFILES, parsed, text_of
from shopcli.core.locks import locked
from shopcli.core.paths import config_file, private_directory, unusable
from shopcli.core.settings import SETTINGS

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_Table = MutableMapping[str, Any]


def put(name: str, value: str, profile: str | None = None, path: Path | None = None) -> None:
    """Set a checked value, of a profile if one is named. Raises BrokenConfig, StorageError, Locked."""
    plain = value if SETTINGS[name].choices else _number(value)

    def change(document: "TOMLDocument") -> None:
        _table(document, profile)[name] = plain

    _edit(change, path)


def take_out(name: str, profile: str | None = None, path: Path | None = None) -> bool:
    """Remove an entry, known or not; returns whether there was one. Raises BrokenConfig, StorageError, Locked."""
    found = False

    def change(document: "TOMLDocument") -> None:
        nonlocal found
        table: Any = document if profile is None else document.get(PROFILES, {}).get(profile, {})
        found = name in table
        if found:
            del table[name]

    if (path or config_file()).exists():
        _edit(change, path)
    return found


def _table(document: "TOMLDocument", profile: str | None) -> _Table:
    """Return the table of a profile, made if there is none."""
    if profile is None:
        return document
    import tomlkit
    from tomlkit.items import InlineTable

    if PROFILES not in document:
        document[PROFILES] = tomlkit.table(is_super_table=True)
    tables: Any = document[PROFILES]
    if profile not in tables:
        tables[profile] = tomlkit.inline_table() if isinstance(tables, InlineTable) else tomlkit.table()
    table: _Table = tables[profile]
    return table


def _edit(change: "Callable[[TOMLDocument], None]", path: Path | None) -> None:
    """Change a file that can be parsed, and only into one that can be."""
    import tomlkit

    path = (path or config_file()).resolve()  # people link it from where they keep all their settings
    with _locked(path):
        text = text_of(path) or ""
        parsed(path, text)
        document = tomlkit.parse(text)
        change(document)
        changed = tomlkit.dumps(document)
        parsed(path, changed)
        if changed != text:
            _write(path, changed)


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:
        raise unusable(path, error) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    private_directory(path.parent)
    with locked(path.with_name(f".{path.name}.lock")) as held:
        if not held:
            raise Locked("another shop command is changing the settings", hint="run the same command again")
        yield


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
