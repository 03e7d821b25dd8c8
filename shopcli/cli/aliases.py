"""A person's own names for commands: the table `[aliases]` of config.toml."""

from collections.abc import Mapping
from operator import length_hint

from shopcli.cli.failures import Usage
from shopcli.cli.options import takes
from shopcli.cli.shell.lines import without_shop, words_of
from shopcli.cli.signatures import COMMANDS, NOUNS

_LONGEST = 40


def expanded(line: list[str], aliases: Mapping[str, str]) -> list[str]:
    """Return a line with the command that its alias stands for; what follows the alias follows the command.

    A command is never an alias, and an alias stands for no other one. Raises Usage.
    """
    place = _command_place(line)
    if place is None or is_command(line[place]) or line[place] not in aliases:
        return line
    return [*line[:place], *_stored(aliases[line[place]], line[place]), *line[place + 1 :]]


def checked(command: str, name: str) -> list[str]:
    """Return the words of what an alias is to stand for. Raises Usage unless they begin a command."""
    try:
        words = without_shop(words_of(command))
    except Usage as mistake:
        raise Usage(f"alias {name}: {mistake.message}", hint="shop alias set --help") from None
    place = _command_place(words)
    if place is None or not is_command(words[place]):
        raise Usage(f"alias {name} stands for {command!r}, which begins no command", hint="shop --help")
    return words


def checked_name(name: str) -> str:
    """Return a name that an alias can have. Raises Usage."""
    if is_command(name):
        raise Usage(f"{name} is a command, and no alias hides one", hint=f"shop {name} --help")
    plain = all(letter.isalnum() or letter in "-_" for letter in name)
    if not plain or not name[:1].isalnum() or len(name) > _LONGEST:
        raise Usage(f"an alias is a word of letters, digits, - and _, not {name!r}")
    return name


def is_command(word: str) -> bool:
    """Whether a line of ours begins like this."""
    return word in NOUNS or word in COMMANDS


def begins_command(words: list[str], aliases: Mapping[str, str]) -> bool:
    """Whether a line begins a command or an alias, behind options of every command. Raises Usage."""
    place = _command_place(words)
    return place is not None and (is_command(words[place]) or words[place] in aliases)


def _stored(command: str, name: str) -> list[str]:
    try:
        return checked(command, name)
    except Usage as mistake:
        raise Usage(mistake.message, hint=f"shop alias delete {name}") from None


def _command_place(line: list[str]) -> int | None:
    """Return where the command begins, behind options of every command; None where no command does."""
    words = iter(line)
    for word in words:
        if word[:1] != "-":
            return len(line) - length_hint(words) - 1
        if not takes(word, words):
            return None
    return None
