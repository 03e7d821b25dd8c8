"""Commands that texts mention, and whether each is one that there is."""

from __future__ import annotations

import ast
import re
import shlex
from typing import TYPE_CHECKING

from shopcli.cli.commands import TABLE, Leaf
from shopcli.cli.signatures import COMMANDS, GLOBALS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"(?:^|[$|] |\$\(|dev\.py |→ )(shop(?: \S.*)?)$")
_PROSE = r"memory:|in use|at the start|blocks?\b|__complete|--help does|\\-"
"""What goes on behind "shop" where that is no command of it."""
_SPAN = re.compile(rf"`(?:python3 dev\.py )?(shop (?!{_PROSE})[^`]+)`")
_TYPED = re.compile(rf"(?:^|→ |`|\$\()(shop (?!{_PROSE})[^`\n]+)", re.MULTILINE)
_END = re.compile(r"\)\"| {2}")
_INSTEAD = ("{}", "COMMAND", "WORDS", "ARGUMENTS")
"""What stands for any command."""


def of_page(page: Path) -> Iterator[str]:
    """Yield the commands in the code of a Markdown page."""
    text = page.read_text("utf-8")
    for _, language, block in _BLOCK.findall(text):
        for line in block.splitlines() if language != "python" else ():
            if (found := _LINE.search(line.strip())) and not line.startswith("shop memory:"):
                yield found[1]
    yield from _SPAN.findall(_BLOCK.sub("", text))


def of_text(text: str) -> Iterator[str]:
    """Yield the commands of a text on a terminal: in lines that are set in, behind an arrow or in backticks."""
    for line in text.splitlines():
        yield from (_TYPED if line.startswith("  ") else _SPAN).findall(line.strip())


def of_module(module: Path) -> Iterator[str]:
    """Yield the commands in the texts of a module; `{}` stands for what is put in."""
    tree = ast.parse(module.read_text("utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    docs = {id(doc) for node in ast.walk(tree) for doc in _docs(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield from _TYPED.findall("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            found = _SPAN.findall(node.value) if id(node) in docs else _TYPED.findall(node.value)
            yield from found


def _docs(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands by itself as a statement: a docstring."""
    for statement in getattr(node, "body", ()) if not isinstance(node, ast.Lambda | ast.IfExp) else ():
        if isinstance(statement, ast.Expr):
            yield statement.value


def mistake(command: str) -> str | None:
    """Say what is wrong with a command line, if anything: no such command, or no such option."""
    words = _words(_END.split(command)[0])[1:]
    values = {name for spellings, metavar, *_ in GLOBALS if metavar for name in spellings}
    known = {name for spellings, *_ in GLOBALS for name in spellings}
    while words and words[0].startswith("-"):
        if words[0].partition("=")[0] not in known:
            return f"no option {words[0]}"
        del words[: 2 if words[0] in values else 1]
    if not words or words[0] in _INSTEAD:
        return None
    entry = TABLE.get(words[0])
    if entry is None:
        return f"no command {words[0]}"
    if not isinstance(entry, Leaf):
        if len(words) == 1 or words[1] in ("--help", "{}"):
            return None
        if words[1] not in entry.verbs:
            return f"no command {words[0]} {words[1]}"
    path = words[0] if isinstance(entry, Leaf) else " ".join(words[:2])
    known |= {name for spellings, *_ in COMMANDS[path][2] for name in spellings}
    options = (word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word))
    return next((f"shop {path} has no {name}" for name in options if name not in known), None)


def _words(command: str) -> list[str]:
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars="|;<>&()")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # an apostrophe in prose, behind the command
        words = command.split()
    end = next((place for place, word in enumerate(words) if set(word) <= set("|;<>&()→")), len(words))
    return [word.rstrip(",.:…").removesuffix("{}") or word for word in words[:end]]
