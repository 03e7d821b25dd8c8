"""The options of every command, taken from anywhere on the line.

Click binds an option to the command that it stands behind, so `shop cart show --json` would not know a root's
`--json`. Here they are lifted out before click sees the line. `shop --help` imports this module: nothing
beyond `os` and `sys` on its top level, not even dataclasses (2.5 times a bare Python start).
"""

import os
import sys
from collections.abc import Iterator, Mapping

OUTPUTS = ("table", "tsv", "json", "jsonl", "id")

DEFAULT_TIMEOUT = 10.0

HELP = ("-h", "--help")
FLAGS = ("--json", "--quiet", "--verbose", "--trace", "--no-input", "--no-color", "--no-pager", "--version")
VALUES = ("--backend", "--profile", "--output", "--fields", "--timeout")
_SHORT = {"-o": "--output", "-q": "--quiet", "-v": "--verbose"}
_MENDING = (["alias"], ["config"], ["doctor"], ["completion"], ["help"])


class Options:
    """What the options of every command say, the environment included, and once it is read config.toml."""

    def __init__(self, given: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Read `given` by long option name; a flag beats the environment. Raises Usage."""
        chosen = _chosen(given, environment)
        self.chosen_by = chosen[0] if chosen else None
        """The flag or variable that says which shop, None where `shop profile use` or the default decides."""
        self.backend = chosen[1] if chosen and chosen[0] in ("--backend", "SHOP_BACKEND") else None
        self.profile = chosen[1] if chosen and self.backend is None else None
        self.again = chosen if chosen and chosen[0] in VALUES else None
        """The flag and its value: the next command needs it too, while the environment stays as it is."""
        self.forced_terminal = bool(environment.get("SHOP_FORCE_TTY"))
        self.quiet = "--quiet" in given
        self.verbose = "--verbose" in given
        self.trace = "--trace" in given
        self.timeout_given = "--timeout" in given
        self.version = "--version" in given
        self.aliases: Mapping[str, str] = {}
        """The person's own names for commands, once config.toml is read."""
        self.lenient = False
        """Whether the command is one that mends settings, so that it works while they are broken."""
        self.chosen: dict[str, tuple[str, str, str | None]] = _said(given, environment)
        """For each setting that is not as it comes: its value, the kind of what chose it, and which one that was."""
        self._fields_said = given.get("--fields")
        self._follow()

    def read_config(self) -> None:
        """Let config.toml decide what neither a flag nor a variable did. Raises BrokenConfig unless `lenient`."""
        if _is_nowhere():  # most often; 0.1 of a bare Python start less
            return
        from shopcli.core.config import BrokenConfig, profile_in_use, read

        try:
            config = read()
        except BrokenConfig:
            if not self.lenient:
                raise
            return
        if config is None:
            return
        self.aliases = config.aliases
        profile = profile_in_use(self.backend, self.profile) if config.profiles else None
        self.chosen = {**config.chosen(profile), **self.chosen}
        self._follow()

    def inherit(self, shell: "Options") -> None:
        """Take over what flags said for all commands of a shell, where those of this one say nothing else."""
        self.chosen = {**self.chosen, **_by_flag(shell.chosen), **_by_flag(self.chosen)}
        self._follow()
        self.quiet |= shell.quiet
        self.verbose |= shell.verbose
        self.trace |= shell.trace
        self.timeout_given |= shell.timeout_given

    def _follow(self) -> None:
        """Take the settings as they are chosen now."""
        chosen = {name: value for name, (value, _, _) in self.chosen.items()}
        self.output_chosen = "output" in chosen
        self.output = chosen.get("output") or self.usual_output()
        self.fields = _fields(self._fields_said, self.output)
        self.timeout = float(chosen.get("timeout", DEFAULT_TIMEOUT))
        self.prompts = chosen.get("prompts", "picker")
        """How what is missing is asked for: `picker`, `plain` or `never`."""
        self.input_allowed = self.prompts != "never"
        self.color = chosen.get("color") != "never"
        self.color_always = chosen.get("color") == "always"
        self.pages = chosen.get("pager") != "never"
        """Whether what is longer than the screen goes through a pager."""
        self.credentials = chosen.get("credentials", "file")
        """Where the tokens of a session are kept: `file` or `keyring`."""

    def usual_output(self) -> str:
        """Return how results are written where nothing says so."""
        return "table" if self.forced_terminal or is_terminal(sys.stdout) else "tsv"

    def colors(self, stream: object) -> bool:
        """Whether what is written to a stream has colours."""
        return self.color and (self.color_always or self.forced_terminal or is_terminal(stream))


def hoist(line: list[str], environment: Mapping[str, str] = os.environ) -> tuple[Options, list[str]]:
    """Split a command line into the options of every command and the rest. Raises Usage.

    Everything behind `--` and the values of the commands' own options stay where they are.
    """
    given: dict[str, str] = {}
    rest: list[str] = []
    words = iter(line)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif not _take(word, words, given):
            rest.append(word)
            if word[:1] == "-" and word not in HELP and _takes_value(rest):
                rest += [value for value in (next(words, None),) if value is not None]
    options = Options(given, environment)
    options.lenient = rest[:1] in _MENDING or not set(rest).isdisjoint(HELP)
    return options, rest


def _takes_value(rest: list[str]) -> bool:
    """Whether the last word is the command's own option and a value follows, which is none of the options here.

    In `--name --json` the name is "--json".
    """
    from shopcli.cli.signatures import COMMANDS

    command = COMMANDS.get(" ".join(rest[:2])) or COMMANDS.get(rest[0])
    return command is not None and any(rest[-1] in spellings and metavar for spellings, metavar, *_ in command[2])


def takes(word: str, words: Iterator[str]) -> bool:
    """Whether a word is an option of every command, whose value is then taken from `words`. Raises Usage."""
    return _take(word, words, {})


def wants_json(line: list[str], environment: Mapping[str, str] = os.environ) -> bool:
    """Guess whether a line that cannot be read asks for JSON, so that its error is written as such."""
    words = line[: line.index("--")] if "--" in line else line
    for before, word in zip(["", *words], words, strict=False):
        value = word.partition("=")[2] if word.startswith(("--output=", "-o=")) else word.removeprefix("-o")
        if word == "--json" or (value in ("json", "jsonl") and (value != word or before in ("-o", "--output"))):
            return True
    return environment.get("SHOP_OUTPUT") in ("json", "jsonl")


def is_terminal(stream: object) -> bool:
    """Whether a standard stream is a terminal; a closed one (`>&-`) is None and is not."""
    try:
        return bool(stream is not None and stream.isatty())  # type: ignore[attr-defined]
    except ValueError:  # closed later on
        return False


def hostile(line: list[str]) -> int | None:
    """Return the place of the first argument with undecodable bytes or control characters, if any."""
    for place, word in enumerate(line, 1):
        if not word.isprintable() and any(
            letter < " " or "\x7f" <= letter <= "\x9f" or "\ud800" <= letter <= "\udfff" for letter in word
        ):
            return place
    return None


def _take(word: str, words: Iterator[str], given: dict[str, str]) -> bool:
    """Put `word` into `given` if it is an option of every command."""
    name, equals, value = word.partition("=")
    if word[:2] == "-o" and len(word) > len("-o") and not equals:
        name, equals, value = "-o", "=", word.removeprefix("-o")
    name = _SHORT.get(name, name)
    if name in FLAGS:
        if equals:
            raise _usage(f"{name} takes no value")
        given["--output" if name == "--json" else name] = "json"
    elif name in VALUES:
        given[name] = value if equals else next(words, "")
        if not given[name] or given[name].partition("=")[0] in (*FLAGS, *VALUES, *_SHORT, "--"):
            raise _usage(f"{name} needs a value")
    elif len(word) > len("-q") and word[0] == "-" and set(word[1:]) <= {"q", "v"}:
        given.update((_SHORT[f"-{letter}"], "") for letter in word[1:])
    else:
        return False
    return True


def _chosen(given: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what says which shop, and its value: a flag beats a variable, and a URL beats a name."""
    if "--backend" in given and "--profile" in given:
        raise _usage("--backend and --profile both say which shop")
    for name, said in (
        ("--backend", given),
        ("--profile", given),
        ("SHOP_BACKEND", environment),
        ("SHOP_PROFILE", environment),
    ):
        if value := said.get(name):
            return name, value
    return None


def _said(given: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, tuple[str, str, str | None]]:
    """Return the settings that flags and variables decide. Raises Usage."""
    said = {
        "output": (("--output", given.get("--output")), ("SHOP_OUTPUT", environment.get("SHOP_OUTPUT"))),
        "timeout": (("--timeout", given.get("--timeout")), ("SHOP_TIMEOUT", environment.get("SHOP_TIMEOUT"))),
        "prompts": (("--no-input", _never(given, "--no-input")), ("SHOP_PROMPTS", environment.get("SHOP_PROMPTS"))),
        "color": (
            ("--no-color", _never(given, "--no-color")),
            ("NO_COLOR", "never" if environment.get("NO_COLOR") else None),
            ("TERM", "never" if environment.get("TERM") == "dumb" else None),
        ),
        "pager": (("--no-pager", _never(given, "--no-pager")), ("SHOP_PAGER", _pager(environment.get("SHOP_PAGER")))),
        "credentials": (("SHOP_CREDENTIALS", environment.get("SHOP_CREDENTIALS")),),
    }
    chosen: dict[str, tuple[str, str, str | None]] = {}
    for name, sources in said.items():
        for where, value in sources:
            if value:
                chosen[name] = (_checked(name, where, value), "flag" if where[:2] == "--" else "environment", where)
                break
    return chosen


def _by_flag(chosen: dict[str, tuple[str, str, str | None]]) -> dict[str, tuple[str, str, str | None]]:
    return {name: said for name, said in chosen.items() if said[1] == "flag"}


def _is_nowhere() -> bool:
    """Whether there is no config.toml, and be it for want of a home. One that cannot be looked at is somewhere."""
    from backends.errors import StorageError
    from shopcli.core.paths import config_file

    try:
        os.stat(config_file())  # noqa: PTH116 - `exists` says no to what may not be looked at
    except (FileNotFoundError, StorageError):
        return True
    except OSError:
        return False
    return False


def _never(given: Mapping[str, str], flag: str) -> str | None:
    return "never" if flag in given else None


def _pager(command: str | None) -> str | None:
    """Return what a variable says: which pager, or none if it is empty or `never`."""
    return None if command is None else "never" if command in ("", "never") else "auto"


def _checked(name: str, where: str, value: str) -> str:
    if name in ("color", "pager") or where == "--no-input":
        return value
    from shopcli.core.settings import SETTINGS

    try:
        return SETTINGS[name].checked(value)
    except ValueError as error:
        raise _usage(f"{where} {error}") from None


def _fields(text: str | None, output: str) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(name for name in (part.strip() for part in text.split(",")) if name)
    if not names:
        raise _usage("--fields needs names, as in --fields id,title")
    if output == "id":
        raise _usage("--fields selects from what -o table, tsv, json and jsonl print, not from -o id")
    return names


def _usage(message: str) -> Exception:
    from shopcli.cli.failures import Usage

    return Usage(message, hint="shop --help")
