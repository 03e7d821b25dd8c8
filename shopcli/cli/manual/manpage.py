"""shop(1), in the macros of man(7). `shopcli.cli.manual` writes it."""

import re
from collections.abc import Iterator

from shopcli import __version__
from shopcli.cli.help import ROOT
from shopcli.cli.manual.explained import Explained, commands, flowing, groups, is_list, marked
from shopcli.cli.signatures import COMMANDS, GLOBALS
from shopcli.cli.topics import TOPICS, text

_HEADINGS = {"exit-codes": "EXIT STATUS"}
_ESCAPES = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"})
_COLUMNS = re.compile(r" {2,}")
_FILES = (
    (
        "$SHOP_DATA_DIR, ~/.local/share/shop",
        "Local shops, and for each profile its session, its journal and its history.",
    ),
    ("$SHOP_CONFIG_DIR/config.toml, ~/.config/shop/config.toml", "Settings, and the keys of the full-screen shop."),
)


def man() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield r".\" Made by `python -m shopcli.cli.manual docs`; do not edit."
    yield f'.TH SHOP 1 "" "shop {__version__}" "User Commands"'
    yield from (".nh", ".ad l")  # no word is broken: half of them are names
    yield from (".SH NAME", r"shop \- a terminal client for shops")
    yield from (".SH SYNOPSIS", ".B shop", ".br", ".B shop", r"\fICOMMAND\fR [\fIOPTIONS\fR]")
    yield from (".SH DESCRIPTION", "Browse, fill a cart, check out and look after your orders.", ".PP", ".B shop")
    yield "alone says where you are, and what makes sense now."
    yield from _paragraph("`shop COMMAND --help` explains a command, with examples and its exit codes.")
    yield ".SH COMMANDS"
    for title, nouns in groups().items():
        yield f".SS {_roff(title)}"
        for noun in nouns:
            yield from _noun(noun)
    yield from (".SH OPTIONS", "These work anywhere on the line of every command.")
    for spellings, metavar, _, _, words in GLOBALS:
        yield from _tagged(spellings, metavar, words)
    for topic in TOPICS:
        yield from _topic(topic)
    yield from _examples()
    yield ".SH FILES"
    for name, words in _FILES:
        yield from (".TP", rf"\fI{_roff(name)}\fR", _prose(words))
    yield from (".SH SEE ALSO", r"\fBjq\fR(1), \fBbash\fR(1)")


def _noun(noun: str) -> Iterator[str]:
    for command in commands(noun):
        yield from _command(command)


def _command(command: Explained) -> Iterator[str]:
    _, arguments, options = COMMANDS[command.path]
    yield from (".TP", _usage(command.path))
    for number, block in enumerate(command.blocks):
        yield from [".IP"] if number else []
        yield from (".RS", *_definitions(block.splitlines()), ".RE") if is_list(block) else [_prose(flowing(block))]
    if arguments or options:
        yield ".RS"
        for metavar, _, _, _, words in arguments:
            yield from _tagged((), metavar, words)
        for spellings, metavar, _, _, words in options:
            yield from _tagged(spellings, metavar, words)
        yield ".RE"


def _usage(path: str) -> str:
    _, arguments, options = COMMANDS[path]
    words = [rf"\fBshop {_roff(path)}\fR"]
    for metavar, repeats, required, _, _ in arguments:
        word = rf"\fI{_roff(metavar)}\fR" + ("..." if repeats else "")
        words.append(word if required else f"[{word}]")
    return " ".join([*words, *([r"[\fIOPTIONS\fR]"] if options else [])])


def _tagged(spellings: tuple[str, ...], metavar: str, words: str) -> Iterator[str]:
    names = ", ".join(rf"\fB{_roff(each)}\fR" for each in spellings)
    yield ".TP"
    yield " ".join([*([names] if names else []), *([rf"\fI{_roff(metavar)}\fR"] if metavar else [])])
    yield _prose(words)


def _topic(topic: str) -> Iterator[str]:
    """Yield what `shop help TOPIC` says, but for its title and its examples."""
    _, _, body = text(topic).partition("\n\n")
    yield f".SH {_roff(_HEADINGS.get(topic, topic.upper()))}"
    for block in body.rstrip().split("\n\n"):
        lines = block.splitlines()
        if lines[0] == "Examples:":
            continue
        if not block.startswith("  "):
            yield from _paragraph(block)
        elif _COLUMNS.search(lines[0].strip()):
            yield from _definitions(lines)
        else:
            yield from _literal(line.removeprefix("  ") for line in lines)


def _definitions(lines: list[str]) -> Iterator[str]:
    """Yield a list whose terms stand in a column of their own."""
    for line in lines:
        term, *rest = _COLUMNS.split(line.strip())
        if line.startswith("   "):
            yield _prose(line.strip())
        elif len(rest) > 1:
            yield from (".TP", rf"\fB{_roff(term)}\fR ({_roff(rest[0])})", _prose(rest[1]))
        else:
            yield from (".TP", rf"\fB{_roff(term)}\fR", *map(_prose, rest))


def _examples() -> Iterator[str]:
    _, _, behind = ROOT.partition("\nExamples:\n")
    yield ".SH EXAMPLES"
    yield from _literal(line.strip() for line in behind.partition("\n\n")[0].splitlines())


def _paragraph(words: str) -> Iterator[str]:
    yield from (".PP", _prose(flowing(words)))


def _literal(lines: Iterator[str] | list[str]) -> Iterator[str]:
    yield from (".PP", ".RS 4", ".nf", *map(_roff, lines), ".fi", ".RE")


def _prose(words: str) -> str:
    """Return a line of text in which what is typed is bold."""
    line = "".join(rf"\fB{_roff(piece)}\fR" if typed else _roff(piece) for piece, typed in marked(words))
    return rf"\&{line}" if line.startswith((".", "'")) else line


def _roff(words: str) -> str:
    """Return text in which roff reads nothing else."""
    escaped = "".join(letter if letter.isascii() else rf"\[u{ord(letter):04X}]" for letter in words.translate(_ESCAPES))
    return rf"\&{escaped}" if escaped.startswith(".") else escaped
