"""What the commands say themselves: their docstrings, in parts. The manual is made of it."""

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from shopcli.cli.commands import TABLE, Branch, Leaf
from shopcli.cli.help import ROOT

_EXIT = re.compile(r"(\d+) +(.*?)(?= {2,}\d+ |$)")
_GROUP = re.compile(r"^(\w[\w ]*):\n((?: {2,}.+\n)+)", re.MULTILINE)
_NAMED = re.compile(r"^  (\w+(?:, \w+)*)(?: ([\w|]+))?(?: {2,}|$)", re.MULTILINE)
_PATHS = "|".join([*(f"{n} {verb}" for n, e in TABLE.items() if isinstance(e, Branch) for verb in e.verbs), *TABLE])
_TYPED = re.compile(
    rf"`[^`]*`|\bshop (?:--[a-z]+ [A-Z]+ )?(?:{_PATHS})\b(?: --[a-z-]+)*"
    r"|(?<![\w/-])--[a-z][\w-]*|(?<!\S)-[eohqv]\b(?: json)?"
    r"|\bSHOP_[A-Z_]+\b|\$[A-Z_]+\b|https?://\S*\w|\b(?:sqlite|memory):[A-Z]*|\b\w+\.(?:toml|json)\b"
)


class Explained(NamedTuple):
    """A command in words."""

    path: str
    """Its words behind `shop`: "cart add"."""
    summary: str
    blocks: tuple[str, ...]
    """Paragraphs and lists, as they are written."""
    examples: tuple[str, ...]
    exit_codes: tuple[tuple[str, str], ...]


def explained(path: str, leaf: Leaf) -> Explained:
    """Read a command's docstring."""
    module, _, function = leaf.function.partition(":")
    doc = inspect.getdoc(getattr(import_module(f"shopcli.cli.{module}"), function)) or ""
    sections: dict[str, list[str]] = {"Examples:": [], "Exit codes:": []}
    blocks: list[str] = []
    for block in doc.split("\n\n"):
        head, _, body = block.partition("\n")
        if head in sections:
            sections[head] = inspect.cleandoc(body).splitlines()
        else:
            blocks.append(block)
    codes = [found for line in sections["Exit codes:"] for found in _EXIT.findall(line.strip())]
    codes.sort(key=lambda code: int(code[0]))
    return Explained(path, leaf.summary, tuple(blocks), tuple(sections["Examples:"]), tuple(codes))


def commands(noun: str) -> tuple[Explained, ...]:
    """Return the commands of a noun, or the one command of that name."""
    entry = TABLE[noun]
    if isinstance(entry, Leaf):
        return (explained(noun, entry),)
    return tuple(explained(f"{noun} {verb}", leaf) for verb, leaf in entry.verbs.items())


def groups() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the nouns and lone commands as `shop --help` groups them, each with its verbs."""
    found = {title: dict(_named(body)) for title, body in _GROUP.findall(ROOT)}
    return {title: nouns for title, nouns in found.items() if nouns.keys() & TABLE.keys()}


def _named(body: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for names, verbs in _NAMED.findall(body):
        for name in names.split(", "):
            yield name, tuple(verbs.split("|")) if verbs else ()


def is_list(block: str) -> bool:
    """Whether a block has words in columns, which must stay there."""
    return any("  " in line.strip() or line.startswith(" ") for line in block.splitlines())


def marked(words: str) -> Iterator[tuple[str, bool]]:
    """Yield a text in pieces, and whether each is to be typed as it stands: commands, options, variables, addresses."""
    end = 0
    for found in _TYPED.finditer(words):
        yield words[end : found.start()], False
        yield found[0].strip("`"), True
        end = found.end()
    yield words[end:], False


def flowing(paragraph: str) -> str:
    """Return a paragraph in one line."""
    return " ".join(paragraph.split())
