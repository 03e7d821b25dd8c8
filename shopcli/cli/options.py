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
MAX_TIMEOUT = 3600.0

FLAGS = ("--json", "--quiet", "--verbose", "--trace", "--no-input", "--no-color", "--version")
VALUES = ("--backend", "--profile", "--output", "--fields", "--timeout")
_SHORT = {"-o": "--output", "-q": "--quiet", "-v": "--verbose"}
# The commands' own options that take a value, so that a value is never mistaken for one of the options above:
# in `--name --json` the name is "--json". tests/cli/test_options.py holds this against the commands.
TAKES_VALUE = frozenset(
    (
        *("--address", "--category", "--city", "--country", "--cursor", "--email", "--expect-total", "--limit"),
        *("--line1", "--line2", "--max-price", "--min-price", "--name", "--open", "--owner", "--pay", "--phone"),
        *("--postcode", "--region", "--shipping", "--sort"),
        *("--action", "--data", "--gateway", "--interval", "--port", "--rate", "--replicas", "--seconds"),
        *("--record", "--report", "--services", "--speed", "--step", "--times", "--via"),
    )
)
_FLAG_ELSEWHERE = (["demo"], "--step")  # a number of `services fault`, a flag of `demo run`
_OF_NO_SHOP = ("shop profile ", "shop serve")


class Options:
    """What the options of every command say, the environment included."""

    __slots__ = (
        "again",
        "backend",
        "chosen_by",
        "color",
        "fields",
        "forced_terminal",
        "input_allowed",
        "output",
        "output_chosen",
        "profile",
        "quiet",
        "timeout",
        "timeout_given",
        "trace",
        "verbose",
        "version",
    )

    def __init__(self, given: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Read `given` by long option name; a flag beats the environment. Raises Usage."""
        chosen = _chosen(given, environment)
        self.chosen_by = chosen[0] if chosen else None
        """The flag or variable that says which shop, None where `shop profile use` or the default decides."""
        self.backend = chosen[1] if chosen and chosen[0] in ("--backend", "SHOP_BACKEND") else None
        self.profile = chosen[1] if chosen and self.backend is None else None
        self.again = chosen if chosen and chosen[0] in VALUES else None
        """The flag and its value: the next command needs it too, while the environment stays as it is."""
        self.output = _output(given, environment)
        self.output_chosen = bool(given.get("--output") or environment.get("SHOP_OUTPUT"))
        self.fields = _fields(given.get("--fields"), self.output)
        self.forced_terminal = bool(environment.get("SHOP_FORCE_TTY"))
        self.quiet = "--quiet" in given
        self.verbose = "--verbose" in given
        self.trace = "--trace" in given
        self.input_allowed = "--no-input" not in given
        self.timeout = _timeout(given.get("--timeout"))
        self.timeout_given = "--timeout" in given
        self.version = "--version" in given
        self.color = not ("--no-color" in given or environment.get("NO_COLOR") or environment.get("TERM") == "dumb")


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
        elif word in TAKES_VALUE and (rest[:1], word) != _FLAG_ELSEWHERE:
            rest.append(word)
            rest += [value for value in (next(words, None),) if value is not None]
        elif not _take(word, words, given):
            rest.append(word)
    return Options(given, environment), rest


def repeated(command: str, again: tuple[str, str] | None) -> str:
    """Return the next command for the same shop: with `--backend` or `--profile` where it was given now.

    Commands that name a shop themselves, and those about profiles and serving, stay as they are.
    """
    itself = "--backend" in command or "--profile" in command or command.startswith(_OF_NO_SHOP)
    if again is None or itself or not command.startswith("shop "):
        return command
    from shlex import quote

    flag, value = again
    return f"shop {flag} {quote(value)} {command.removeprefix('shop ')}"


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


def _output(given: Mapping[str, str], environment: Mapping[str, str]) -> str:
    for source, value in (("--output", given.get("--output")), ("SHOP_OUTPUT", environment.get("SHOP_OUTPUT"))):
        if value:
            if value not in OUTPUTS:
                raise _usage(f"{source} is one of {', '.join(OUTPUTS)}, not {value!r}")
            return value
    return "table" if environment.get("SHOP_FORCE_TTY") or is_terminal(sys.stdout) else "tsv"


def _fields(text: str | None, output: str) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(name for name in (part.strip() for part in text.split(",")) if name)
    if not names:
        raise _usage("--fields needs names, as in --fields id,title")
    if output == "id":
        raise _usage("--fields selects from what -o table, tsv, json and jsonl print, not from -o id")
    return names


def _timeout(text: str | None) -> float:
    if text is None:
        return DEFAULT_TIMEOUT
    whole, point, fraction = text.partition(".")
    if text.isascii() and whole.isdigit() and (fraction.isdigit() or not point):
        seconds = float(text)
        if 0 < seconds <= MAX_TIMEOUT:
            return seconds
    raise _usage(f"--timeout is a number of seconds up to {MAX_TIMEOUT:.0f}, not {text!r}")


def _usage(message: str) -> Exception:
    from shopcli.cli.failures import Usage

    return Usage(message, hint="shop --help")
