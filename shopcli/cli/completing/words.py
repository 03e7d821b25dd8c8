"""What a command line may go on with: commands, options, their values, and what the shop calls its things.

TAB waits for it, so it imports neither typer (5.8 bare starts of Python) nor anything else it can do without.
"""

import os

from shopcli.cli.signatures import COMMANDS, GLOBALS, NOUNS

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopcli.cli.signatures import Option
    from shopcli.core.shop import Shop

FILES = "files"
DIRECTORIES = "directories"

MORE = "…"
"""What ends a word that stands for all that was not read: a shell may not take what the others begin with for typed."""

SHELLS = ("bash", "zsh", "fish")

_WORDS = {
    "SHELL": SHELLS,
    "FACE": ("cli", "tui"),
    "PAGE": ("browse", "cart", "orders", "account", "health"),
    "FORMAT": ("csv", "jsonl"),
}
"""What commands say in words that they take."""
_PATHS = {"FILE": FILES, "NAME|FILE": FILES, "DIR": DIRECTORIES}
_OUTPUT = "-o"
_PLAIN = frozenset("-_./:@+,%")
_LONGEST = 100
_LONGEST_DESCRIPTION = 60


class Candidate:
    """One way to go on: a whole word, and a few words about it."""

    __slots__ = ("description", "text")

    def __init__(self, text: str, description: str = "") -> None:
        """Offer `text`."""
        self.text = text
        self.description = description

    def __repr__(self) -> str:
        """As it was made."""
        return f"Candidate({self.text!r}, {self.description!r})"

    def __eq__(self, other: object) -> bool:
        """Whether both are the same word with the same description."""
        if not isinstance(other, Candidate):
            return NotImplemented
        return (self.text, self.description) == (other.text, other.description)

    def __hash__(self) -> int:
        """As its word."""
        return hash(self.text)

    @property
    def is_whole(self) -> bool:
        """Whether nothing more belongs to the word, so that a space comes next."""
        return self.text[-1:] not in (":", "=", "/", MORE)


class Completion:
    """The candidates for a word; where the shell's `files` or directories fit, they follow behind `head`."""

    __slots__ = ("candidates", "files", "head")

    def __init__(self, candidates: "Iterable[Candidate]" = (), files: str = "", head: str = "") -> None:
        """Offer `candidates`, and `files` (FILES, DIRECTORIES or nothing) behind the word's first letters."""
        self.candidates = list(candidates)
        self.files = files
        self.head = head


def candidates(words: "Sequence[str]", word: str, shop: "Shop | None" = None) -> list[Candidate]:
    """Return what `word` can become behind `shop WORDS...`, names of files included; never raises, never prints.

    By default the shop is the one that the line and the environment say; one that is open already can be given.
    """
    found = complete(words, word, shop)
    if found.files:
        found.candidates += _paths(found.head, word[len(found.head) :], found.files)
    return found.candidates


def complete(words: "Sequence[str]", word: str, shop: "Shop | None" = None) -> Completion:
    """Return the same with files as a hint, for a shell that knows better how to name them."""
    try:
        return _complete(Line(_meant_by(words)), word, shop)
    except Exception:  # noqa: BLE001 - an error would be written into the line that is just being typed
        return Completion()


class Line:
    """The words in front of the one that is being typed."""

    def __init__(self, words: "Sequence[str]") -> None:
        """Read them as `shop` would."""
        self.command = ""
        self.arguments: list[str] = []
        self.given: list[Option] = []
        self.values: dict[str, str] = {}
        """Values of the options of every command, by long name."""
        self.awaits: Option | None = None
        """The option whose value comes next."""
        self.ended = False
        """Whether `--` ended the options."""
        for word in words:
            self._read(word)

    @property
    def options(self) -> "tuple[Option, ...]":
        """All options that the command takes."""
        own = COMMANDS[self.command][2] if self.command in COMMANDS else ()
        return (*own, *GLOBALS)

    def option(self, name: str) -> "Option | None":
        """Return the option that is spelled like this."""
        return next((option for option in self.options if name in option[0]), None)

    def _read(self, word: str) -> None:
        if self.awaits is not None:
            self._take(self.awaits, word)
            self.awaits = None
        elif word == "--" and not self.ended:
            self.ended = True
        elif word[:1] == "-" and len(word) > 1 and not self.ended:
            self._read_option(word)
        elif self.command in COMMANDS:
            self.arguments.append(word)
        else:
            self.command = f"{self.command} {word}".lstrip()

    def _read_option(self, word: str) -> None:
        name, equals, value = _split(word)
        option = self.option(name)
        if option is None:
            return
        self.given.append(option)
        if equals:
            self._take(option, value)
        elif option[1]:
            self.awaits = option

    def _take(self, option: "Option", value: str) -> None:
        if option in GLOBALS:
            self.values[option[0][-1]] = value


def _split(word: str) -> tuple[str, str, str]:
    """Split `--name=value`; `-ojson` is `-o=json`."""
    if word.startswith(_OUTPUT) and word[2:3] not in ("", "="):
        return _OUTPUT, _OUTPUT, word.removeprefix(_OUTPUT)
    return word.partition("=")


def _complete(line: Line, word: str, shop: "Shop | None") -> Completion:
    if line.awaits is not None:
        return _values(line, line.awaits, word, "", shop)
    if word[:1] == "-" and not line.ended:
        name, equals, _ = _split(word)
        option = line.option(name)
        if not equals:
            return Completion(_options(line, word))
        head = word[: len(name) + (equals == "=")]
        return Completion() if option is None else _values(line, option, word, head, shop)
    if line.command not in COMMANDS:
        own = [] if line.command else [each for each in _own_names() if each.text.startswith(word)]
        return Completion([*commands(line.command, word), *own])
    arguments = COMMANDS[line.command][1]
    place = len(line.arguments)
    if place >= len(arguments) and not (arguments and arguments[-1][1]):
        return Completion(() if word else _options(line, word))
    metavar, _, _, choices, _ = arguments[min(place, len(arguments) - 1)]
    return _things(line, metavar, choices, word, "", shop)


def commands(noun: str, word: str) -> list[Candidate]:
    """Return the commands behind `shop`, or the verbs behind a noun."""
    found: dict[str, str] = {}
    for path, (summary, _, _) in COMMANDS.items():
        first, _, verb = path.partition(" ")
        if not noun:
            found.setdefault(first, NOUNS.get(first, summary))
        elif first == noun:
            found[verb] = summary
    return [Candidate(name, text) for name, text in found.items() if name.startswith(word)]


def _options(line: Line, word: str) -> list[Candidate]:
    """Return the options that are not given yet, by their long names."""
    return [
        Candidate(spellings[-1], text)
        for option in line.options
        for spellings, _, repeats, _, text in (option,)
        if spellings[-1].startswith(word) and (repeats or option not in line.given)
    ]


def _values(line: Line, option: "Option", word: str, head: str, shop: "Shop | None") -> Completion:
    spellings, metavar, _, choices, _ = option
    if metavar == "NAME" and spellings[-1] == "--name":
        return Completion()  # of a person
    return _things(line, metavar, choices, word, head, shop)


def _things(
    line: Line, metavar: str, choices: "tuple[str, ...]", word: str, head: str, shop: "Shop | None"
) -> Completion:
    """Return what a metavar stands for; `head` is what of the word is the option's name."""
    part = word[len(head) :]
    metavar = _meant(line.command, metavar)
    if choices := choices or _WORDS.get(metavar, ()):
        found = [Candidate(choice) for choice in choices]
    elif metavar == "ALIAS":
        found = _own_names()
    elif metavar in ("DIR", "FILE"):
        found = []
    else:
        from shopcli.cli.completing.naming import names

        found = names(line, metavar, part, shop)
    fitting = [Candidate(head + each.text, each.description) for each in found if each.text.startswith(part)]
    files = _PATHS.get(metavar, "")
    if metavar == "URL" and part.startswith("sqlite:"):
        files, head = DIRECTORIES, f"{head}sqlite:"
    return Completion(fitting, files, head)


def _meant_by(words: "Sequence[str]") -> "Sequence[str]":
    """Return the words with the command that an alias stands for."""
    first = next((word for word in words if word[:1] != "-"), "")
    if not first or first in NOUNS or first in COMMANDS or not (known := aliases()):
        return words
    from shopcli.cli.aliases import expanded

    return expanded(list(words), known)


def _own_names() -> list[Candidate]:
    """Offer aliases; by hand anything can be written for a name, and a shell would run it."""
    return [offered(name, command) for name, command in aliases().items() if is_plain(name)]


def aliases() -> "Mapping[str, str]":
    """Return the person's own names for commands; none where config.toml cannot be read."""
    if not _has_settings():
        return {}
    from shopcli.core.config import BrokenConfig, read

    try:
        config = read()
    except BrokenConfig:
        return {}
    return config.aliases if config else {}


def _has_settings() -> bool:
    """Whether there is a config.toml, found as `core.paths` does, whose import would double what TAB costs here."""
    own, of_all = os.environ.get("SHOP_CONFIG_DIR"), os.environ.get("XDG_CONFIG_HOME", "")
    base = of_all if os.path.isabs(of_all) else os.path.expanduser("~/.config")
    return os.path.exists(os.path.join(own or os.path.join(base, "shop"), "config.toml"))


def _meant(command: str, metavar: str) -> str:
    """Return a metavar of which there is only one kind."""
    if command.startswith("services "):
        return metavar.replace("NAME", "SERVICE")
    if command == "checkout" and metavar == "ID":
        return "SHIPPING"
    return metavar


def is_plain(text: str) -> bool:
    """Whether a word from a shop is nothing but a word, whatever shell it gets into: no $(...), no option."""
    plain = all(letter.isalnum() or letter in _PLAIN for letter in text)
    return plain and 0 < len(text) <= _LONGEST and (text[0].isalnum() or text[0] == "@")


def offered(text: str, description: str = "") -> Candidate:
    """Offer a thing of a shop; what the shop says about it is cleaned."""
    from backends.text import shorten

    return Candidate(text, " ".join(shorten(description, _LONGEST_DESCRIPTION).split()))


def _paths(head: str, part: str, kind: str) -> list[Candidate]:
    """Return the files that begin with `part`, for those who have no shell."""
    folder, name = os.path.split(part)
    try:
        entries = sorted(os.scandir(os.path.expanduser(folder) or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    found = []
    for entry in entries:
        hidden = entry.name[:1] == "." and name[:1] != "."
        if entry.name.startswith(name) and not hidden and (entry.is_dir() or kind == FILES):
            slash = "/" if entry.is_dir() else ""
            found.append(Candidate(f"{head}{os.path.join(folder, entry.name)}{slash}"))
    return found
