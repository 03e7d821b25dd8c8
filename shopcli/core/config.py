"""`config.toml`: what a person set for all commands, and for the commands of one profile.

```toml
timeout = 30

[profiles.staging]
output = "json"
```

Each command reads it, most often to find that there is none. The table `[keys]` belongs to the full-screen shop, and
`[aliases]` has names for commands.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from shlex import join, quote
from typing import NamedTuple

from backends.errors import ConfigurationError, ShopError
from backends.private import open_plain
from backends.text import is_clean
from shopcli.core.paths import config_file
from shopcli.core.settings import IN_FILE, SETTINGS

KEYS = "keys"
PROFILES = "profiles"
ALIASES = "aliases"
CREDENTIALS = "SHOP_CREDENTIALS"

_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_AT_END = " (at end of document)"
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?")
_ENTRY = re.compile(r"\s*[\"']?([A-Za-z0-9_.-]+)[\"']?\s*=")


class BrokenConfig(ConfigurationError):
    """`config.toml` cannot be used as it is."""

    code = "broken_config"


class Chosen(NamedTuple):
    """A setting's value, and what chose it."""

    value: str
    origin: str = "default"
    """`flag`, `environment`, `profile`, `file` or `default`."""
    where: str | None = None
    """The flag, the variable, or the file and line."""


class Config(NamedTuple):
    """What is in a file, checked; of profiles by their names."""

    path: Path
    settings: Mapping[str, str] = {}
    profiles: Mapping[str, Mapping[str, str]] = {}
    keys: Mapping[str, str] = {}
    aliases: Mapping[str, str] = {}
    text: str = ""

    def chosen(self, profile: str | None) -> dict[str, Chosen]:
        """Return what the file says for a profile's commands, or for those of a shop without a name."""
        own = self.profiles.get(profile, {}) if profile else {}
        table = f"{PROFILES}.{profile}"
        return {
            **{name: Chosen(value, "file", self.place(name)) for name, value in self.settings.items()},
            **{name: Chosen(value, "profile", self.place(name, table)) for name, value in own.items()},
        }

    def place(self, name: str, table: str = "") -> str:
        """Return the file, and the line where an entry is if it is easily found."""
        return _place(self.path, self.text, name, table)


def read(path: Path | None = None) -> Config | None:
    """Return what is in the file, None where there is none. Raises BrokenConfig."""
    path = path or config_file()
    text = text_of(path)
    if text is None:
        return None
    return _checked(path, text, parsed(path, text))


def text_of(path: Path) -> str | None:
    """Return a file's text, None where there is no file. Raises BrokenConfig."""
    try:
        with open(path, encoding="utf-8", newline="", opener=open_plain) as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or "it is no file") from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"byte {error.start} is not UTF-8") from None


def parsed(path: Path, text: str) -> dict[str, object]:
    """Return the tables of a file. Raises BrokenConfig with line and column."""
    import tomllib  # costs a bare Python start, so only those who have a file pay for it

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not only TOMLDecodeError: a number may have too many digits
        raise _unreadable(path, _reason(str(error), text)) from None


def profile_in_use(url: str | None, profile: str | None) -> str | None:
    """Return whose settings a command follows, None for a shop without a name; asks no more than files."""
    from backends.registry import canonical
    from shopcli.core.profiles import DEFAULT, Profiles

    try:
        if url:
            return DEFAULT if canonical(url) == Profiles().backend(DEFAULT) else None
        return profile or Profiles().current() or DEFAULT
    except ShopError:  # said by the command itself, and not to those that mend it
        return None


def change_credentials(profile: str, to: str) -> str:
    """Return the command that lets a profile's tokens be kept elsewhere, where that is decided now."""
    if os.environ.get(CREDENTIALS):
        return f"export {CREDENTIALS}={to}"
    config = read()
    own = config is not None and "credentials" in config.profiles.get(profile, {})
    return f"shop config set credentials {to}" + (f" --for {profile}" if own else "")


def edited_by_hand(path: Path) -> str:
    """Return the command that opens the file where none of ours can mend it."""
    return f'"${{EDITOR:-vi}}" {quote(str(path))}'


def named(name: str, known: Iterable[str] = SETTINGS) -> str:
    """Return what to say about a setting that is none of those `known`."""
    names = tuple(known)
    close = get_close_matches(name, names, n=1)
    return f"no setting {name!r}" + (f", did you mean {close[0]}?" if close else f"; there is {', '.join(names)}")


def _checked(path: Path, text: str, document: Mapping[str, object]) -> Config:
    settings = {name: value for name, value in document.items() if name not in (ALIASES, KEYS, PROFILES)}
    tables = document.get(PROFILES, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise _unreadable(path, f"{PROFILES} are tables: [{PROFILES}.NAME]")
    aliases = document.get(ALIASES, {})
    if not isinstance(aliases, dict) or not all(isinstance(command, str) for command in aliases.values()):
        raise _unreadable(path, f'{ALIASES} are commands by name, in a table: [{ALIASES}], then NAME = "COMMAND"')
    return Config(
        path,
        _values(path, text, settings),
        {name: _values(path, text, table, name) for name, table in tables.items()},
        dict(_flat(document.get(KEYS, {}), KEYS)),
        aliases,
        text,
    )


def _values(path: Path, text: str, table: Mapping[str, object], profile: str | None = None) -> dict[str, str]:
    """Return the checked settings of a table. Raises BrokenConfig, whose hint takes the entry out."""
    checked = {}
    for name, value in table.items():
        try:
            checked[name] = _value(name, value, profile)
        except ValueError as error:
            place = _place(path, text, name, f"{PROFILES}.{profile}" if profile else "")
            raise BrokenConfig(f"{place}: {error}", hint=_taken_out(path, name, profile)) from None
    return checked


def _taken_out(path: Path, name: str, profile: str | None) -> str:
    """Return the command that takes an entry out, or that opens the file where the entry's name cannot be typed."""
    if not is_clean(f"{name}{profile or ''}") or (profile or "").startswith("-"):
        return edited_by_hand(path)
    whose = ["--for", profile] if profile else []
    return join(["shop", "config", "unset", *([*whose, "--", name] if name[:1] == "-" else [name, *whose])])


def _value(name: str, value: object, profile: str | None) -> str:
    if name == "profile":
        msg = "profile is set by shop profile use, not in this file"
        raise ValueError(msg)
    if name not in IN_FILE:
        raise ValueError(named(name, IN_FILE if profile else (*IN_FILE, ALIASES, KEYS, PROFILES)))
    if profile and not SETTINGS[name].of_profiles:
        msg = f"{name} is the same for all profiles"
        raise ValueError(msg)
    try:
        return SETTINGS[name].checked(value)
    except ValueError as error:
        msg = f"{name} {error}"
        raise ValueError(msg) from None


def _flat(table: object, above: str) -> Iterator[tuple[str, str]]:
    """Find entries by their whole names; what they mean is the full-screen shop's business."""
    if not isinstance(table, dict):
        yield above, str(table)
        return
    for name, value in table.items():
        yield from _flat(value, f"{above}.{name}")


def _reason(message: str, text: str) -> str:
    """Say what is wrong with a file, with line and column in front."""
    lines = _lines(text)
    what = message.removesuffix(_AT_END)
    if what != message:
        return f"line {len(lines)}, column {len(lines[-1]) + 1}: {what}"
    found = _PLACE.fullmatch(message)
    return f"line {found[2]}, column {found[3]}: {found[1]}" if found else message


def _place(path: Path, text: str, name: str, table: str) -> str:
    within = ""
    for number, line in enumerate(_lines(text), 1):
        if header := _HEADER.fullmatch(line):
            within = header[1].replace('"', "").replace(" ", "")
        elif within == table and (entry := _ENTRY.match(line)) and entry[1] == name:
            return f"{path}:{number}"
    return str(path)


def _lines(text: str) -> list[str]:
    """Split as TOML and editors do: other characters that `splitlines` knows end no line."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _unreadable(path: Path, reason: str) -> BrokenConfig:
    msg = f"the settings in {path} cannot be read: {reason}"
    return BrokenConfig(msg, hint=edited_by_hand(path))
