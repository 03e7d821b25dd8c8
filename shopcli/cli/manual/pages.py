"""Writes the documentation of all commands: a page for each noun, and the man page.

    python -m shopcli.cli.manual docs

Everything in it is what the commands say themselves: their docstrings, arguments and options (`signatures`), and the
topics of `shop help`. A test holds the written files against this.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from shopcli.cli.commands import TABLE, Leaf
from shopcli.cli.manual.explained import Explained, commands, flowing, groups, is_list, marked
from shopcli.cli.manual.manpage import man
from shopcli.cli.signatures import COMMANDS, GLOBALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shopcli.cli.signatures import Option

_MADE = "<!-- Made by `python -m shopcli.cli.manual docs`; do not edit. -->\n"
_FOOT = (
    "[All commands](README.md) · [options of every command](README.md#options-of-every-command) ·\n"
    "[exit codes](../cli.md#exit-codes) · [the command line](../cli.md)\n"
)


def files() -> dict[str, str]:
    """Return all files by their path in docs/."""
    pages = {f"commands/{noun}.md": page(noun) for noun in TABLE}
    return {"commands/README.md": index(), **pages, "shop.1": man()}


def index() -> str:
    """Return the page that leads to all others."""
    chapters = "".join(f"## {title}\n\n{''.join(_contents(nouns))}\n" for title, nouns in groups().items())
    return (
        f"# All commands\n\n{_MADE}\n"
        "`shop` alone says where you are and what makes sense now. `shop COMMAND --help` explains a command on the\n"
        "terminal, and `man shop` all of them. How output, settings, variables and files work:\n"
        f"[the command line](../cli.md).\n\n{chapters}"
        f"## Options of every command\n\nThey work anywhere on the line.\n\n{_table('option', GLOBALS)}"
    )


def page(noun: str) -> str:
    """Return the page of a noun, or of a command that stands alone."""
    entry = TABLE[noun]
    found = commands(noun)
    head = f"# shop {noun}\n\n{_MADE}"
    if isinstance(entry, Leaf):
        return f"{head}\n" + "\n".join(_chapter(found[0])) + f"\n{_FOOT}"
    rows = "".join(f"| [`shop {each.path}`](#{_anchor(each.path)}) | {each.summary} |\n" for each in found)
    chapters = "\n".join(f"## shop {each.path}\n\n" + "\n".join(_chapter(each)) for each in found)
    return f"{head}\n{entry.summary}\n\n| command | what it does |\n|---|---|\n{rows}\n{chapters}\n{_FOOT}"


def usage(path: str) -> str:
    """Return how a command is written."""
    _, arguments, options = COMMANDS[path]
    words = []
    for metavar, repeats, required, _, _ in arguments:
        word = f"{metavar}..." if repeats else metavar
        words.append(word if required else f"[{word}]")
    return " ".join(["shop", path, *words, *(["[OPTIONS]"] if options else [])])


def main(directory: str) -> None:
    """Write all files into a directory."""
    for name, content in files().items():
        path = Path(directory) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")


def _contents(nouns: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    yield "| command | what it does |\n|---|---|\n"
    for noun in nouns:
        entry = TABLE[noun]
        verbs = "" if isinstance(entry, Leaf) else " " + ", ".join(f"`{verb}`" for verb in entry.verbs)
        yield f"| [`shop {noun}`]({noun}.md){verbs} | {entry.summary.removesuffix('.')} |\n"


def _chapter(command: Explained) -> Iterator[str]:
    """Yield the parts of what is said about a command, with an empty line between them."""
    yield f"```\n{usage(command.path)}\n```\n"
    for block in command.blocks:
        yield f"```\n{block}\n```\n" if is_list(block) else f"{_marked(flowing(block))}\n"
    _, arguments, options = COMMANDS[command.path]
    named = tuple(((), metavar, repeats, choices, words) for metavar, repeats, _, choices, words in arguments)
    if named or options:
        kinds = [*(["argument"] if named else []), *(["option"] if options else [])]
        yield _table(" or ".join(kinds), (*named, *options))
    if command.examples:
        yield "```sh\n" + "\n".join(command.examples) + "\n```\n"
    if command.exit_codes:
        rows = "".join(f"| {code} | {_cell(words)} |\n" for code, words in command.exit_codes)
        yield f"| exit code | when |\n|---|---|\n{rows}"


def _table(head: str, options: "tuple[Option, ...]") -> str:
    rows = "".join(
        f"| {_spelled(spellings, metavar)} | {_cell(words)} |\n" for spellings, metavar, _, _, words in options
    )
    return f"| {head} | what it says |\n|---|---|\n{rows}"


def _spelled(spellings: tuple[str, ...], metavar: str) -> str:
    names = ", ".join(f"`{each}`" for each in spellings[:-1])
    last = " ".join([*spellings[-1:], *([metavar] if metavar else [])]).replace("|", "\\|")
    return f"{names}, `{last}`" if names else f"`{last}`"


def _cell(words: str) -> str:
    return _marked(words).replace("|", "\\|")


def _marked(words: str) -> str:
    """Return text in which what is typed is code."""
    pieces = (f"`{piece}`" if typed else piece.replace("<", "&lt;") for piece, typed in marked(words))
    return "".join(pieces)


def _anchor(path: str) -> str:
    return f"shop-{path.replace(' ', '-')}"
