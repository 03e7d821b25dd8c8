"""The keys that a person chose: the table `[keys]` of `config.toml`.

```toml
[keys]
search = "ctrl+f"
"cart.remove" = "d,delete"
```

An entry names a command by its id (docs/keys.md) and takes the place of all its keys. What cannot be is refused before
the screen opens, with the file, the entry and the reason.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

from textual.keys import Keys, _character_to_key

from backends.errors import ConfigurationError
from shopcli.core.config import edited_by_hand
from shopcli.tui.commands import BY_ID, COMMANDS, Command, Scope, shown_key

TABLE = "keys"

_TERMINAL = "terminals and what runs in them take it for themselves"
_RESERVED = {
    **dict.fromkeys(("ctrl+a", "ctrl+b", "ctrl+o", "ctrl+s"), _TERMINAL),
    **dict.fromkeys(("ctrl+c", "ctrl+z", "ctrl+enter", "alt+enter"), _TERMINAL),
    **dict.fromkeys(("tab", "shift+tab"), "it goes from one field to the next"),
    "ctrl+h": "terminals send it for backspace",
    "ctrl+i": "terminals send it for tab",
    "ctrl+j": "terminals send it for enter",
    "ctrl+m": "terminals send it for enter",
    "ctrl+left_square_bracket": "terminals send it for escape",
}
_MODIFIERS = frozenset(("ctrl", "alt", "shift"))
_CHARACTERS = frozenset(map(_character_to_key, string.ascii_letters + string.digits + string.punctuation))
_NAMED = frozenset(key.value for key in Keys if key.value.isalnum()) - {"return"}


class UnusableKeys(ConfigurationError):
    """The keys in the settings cannot be used."""

    code = "unusable_keys"


def load(path: Path) -> dict[str, str]:
    """Return the chosen keys by command, nothing where there is no such file. Raises UnusableKeys."""
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read") from None
    except ValueError as error:  # not UTF-8, or not TOML
        raise _unusable(path, f"it is not TOML: {error}") from None
    if TABLE not in settings and (close := get_close_matches(TABLE, settings, n=1)):
        raise _unusable(path, f"there is no table [{close[0]}], did you mean [{TABLE}]?")
    try:
        return chosen(settings.get(TABLE, {}))
    except ValueError as error:
        raise _unusable(path, str(error)) from None


def chosen(table: object) -> dict[str, str]:
    """Return the keys of a table by command, as Textual calls them. Raises ValueError with the entry and the reason."""
    if not isinstance(table, dict):
        msg = f"{TABLE} is a table of commands and their keys"
        raise ValueError(msg)  # noqa: TRY004  one kind for all that is wrong
    keymap = {command_id: ",".join(_keys(command_id, value)) for command_id, value in _flat(table)}
    for one, other, key in conflicts(keymap):
        entry, rival = (one, other) if one.id in keymap else (other, one)
        msg = f"{entry.id}: {shown_key(key)} is the key of {rival.id} already ({rival.help})"
        raise ValueError(msg)
    return keymap


def conflicts(
    keymap: Mapping[str, str], commands: Sequence[Command] = COMMANDS
) -> Iterator[tuple[Command, Command, str]]:
    """Find pairs of commands that one key would give in the same place.

    A page's own way `back` takes the place of the common one.
    """
    keys = {command.id: set(keymap.get(command.id, command.keys).split(",")) for command in commands}
    for one, other in combinations(commands, 2):
        if _meet(one.scope, other.scope) and not _takes_its_place(one, other):
            yield from ((one, other, key) for key in sorted(keys[one.id] & keys[other.id]))


def _meet(one: Scope, other: Scope) -> bool:
    """Whether there is a place with the commands of both."""
    return one is other or bool({one, other} & {Scope.EVERYWHERE, Scope.LIST})


def _takes_its_place(one: Command, other: Command) -> bool:
    return one.id.rpartition(".")[2] == other.id.rpartition(".")[2]


def _flat(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Find entries by their whole names: without quotes `cart.remove` is a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _keys(command_id: str, value: object) -> list[str]:
    """Return an entry's keys. Raises ValueError."""
    if command_id not in BY_ID:
        close = get_close_matches(command_id, BY_ID, n=1)
        meant = f", did you mean {close[0]}?" if close else "; shop tui shows them with ?"
        msg = f"there is no command {command_id!r}{meant}"
        raise ValueError(msg)
    if not isinstance(value, str) or not value.strip(" ,"):
        msg = f'{command_id}: keys are a text such as "f" or "ctrl+f,f3", not {value!r}'
        raise ValueError(msg)
    keys: list[str] = []
    for name in value.split(","):
        try:
            keys.append(_key(name.strip()))
        except ValueError as error:
            msg = f"{command_id}: {error}"
            raise ValueError(msg) from None
    return list(dict.fromkeys(keys))


def _key(name: str) -> str:
    """Return a key as Textual calls it. Raises ValueError."""
    *modifiers, base = name.split("+") if name not in ("+", "") else (name,)
    base = _character_to_key(base) if len(base) == 1 and base.isprintable() else base
    if modifiers and base.isalpha() and len(base) == 1 and base.isupper():
        base = base.lower()
    key = "+".join((*modifiers, base))
    if not set(modifiers) <= _MODIFIERS or not (base in _NAMED | _CHARACTERS or len(base) == 1):
        known = sorted(_NAMED | _CHARACTERS)
        close = get_close_matches(base.lower(), known, n=1)
        meant = f", did you mean {'+'.join((*modifiers, close[0]))}?" if close else ""
        msg = f"there is no key {name!r}{meant}"
        raise ValueError(msg)
    if modifiers == ["shift"] and base in _CHARACTERS:
        msg = f"terminals send a letter for {name!r}: write the letter, such as A"
        raise ValueError(msg)
    if key in _RESERVED:
        msg = f"{name} cannot be chosen: {_RESERVED[key]}"
        raise ValueError(msg)
    return key


def _unusable(path: Path, reason: str) -> UnusableKeys:
    return UnusableKeys(f"the keys in {path} cannot be used: {reason}", hint=edited_by_hand(path))
