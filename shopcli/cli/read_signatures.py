"""Writes the table of all commands, which is read where importing typer would cost more than the answer.

    python -m shopcli.cli.read_signatures > signatures.py && mv signatures.py shopcli/cli/signatures.py

typer reads each command's function; what every command takes comes from `shop --help`.
"""

import re
from collections.abc import Iterator, Mapping

from typer._click.core import Parameter

from shopcli.cli.commands import TABLE, Branch, Leaf, load
from shopcli.cli.help import ROOT
from shopcli.cli.options import FLAGS, OUTPUTS, VALUES

_HEAD = '''\
"""Every command with its arguments and options. Written by `python -m shopcli.cli.read_signatures`; do not edit.

A literal, so that importing it costs nothing: TAB and `shop shell` stand on it.
"""
# fmt: off
# ruff: noqa: E501, Q000

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    Argument = tuple[str, bool, bool, tuple[str, ...], str]
    """Metavar, whether it repeats, whether it is required, its choices, its help."""
    Option = tuple[tuple[str, ...], str, bool, tuple[str, ...], str]
    """Spellings, metavar (none for a flag), whether it repeats, its choices, its help."""
    Command = tuple[str, tuple[Argument, ...], tuple[Option, ...]]
    """Summary, arguments, options."""
'''
_GLOBAL = re.compile(r"  ((?:-\w, )?--[\w-]+)(?: ([A-Z][A-Z,]*))? {2,}(.+)")


def signatures() -> str:
    """Return the text of `signatures.py`. Raises ImportError, AttributeError for a command that is not there."""
    nouns = {name: entry.summary.removesuffix(".") for name, entry in TABLE.items() if isinstance(entry, Branch)}
    commands = dict(_commands())
    return "\n".join(
        (
            _HEAD,
            f'NOUNS: "dict[str, str]" = {{\n{_lines(nouns)}}}\n',
            f'GLOBALS: "tuple[Option, ...]" = {_tuple(list(_globals()), "")}\n',
            'COMMANDS: "dict[str, Command]" = {',
            *(_command(name, *parts) for name, parts in commands.items()),
            "}\n",
        )
    )


def _commands() -> Iterator[tuple[str, tuple[str, list[str], list[str]]]]:
    for path, name, leaf in _leaves(TABLE):
        parameters = load(name, leaf).params
        arguments = [_argument(each) for each in parameters if each.param_type_name == "argument"]
        options = [_option(each) for each in parameters if each.param_type_name == "option"]
        yield path, (leaf.summary, arguments, options)


def _leaves(table: Mapping[str, Leaf | Branch]) -> Iterator[tuple[str, str, Leaf]]:
    for name, entry in table.items():
        if isinstance(entry, Leaf):
            yield name, name, entry
            continue
        for verb, leaf in entry.verbs.items():
            yield f"{name} {verb}", verb, leaf


def _argument(parameter: Parameter) -> str:
    metavar = parameter.human_readable_name
    return repr((metavar, parameter.nargs == -1, parameter.required, _choices(parameter), _help(parameter)))


def _option(parameter: Parameter) -> str:
    spellings = tuple(sorted((*parameter.opts, *parameter.secondary_opts), key=len))
    metavar = "" if getattr(parameter, "is_flag", False) else parameter.metavar or "TEXT"
    repeats = bool(getattr(parameter, "multiple", False))
    return repr((spellings, metavar, repeats, _choices(parameter), _help(parameter)))


def _choices(parameter: Parameter) -> tuple[str, ...]:
    return tuple(str(choice) for choice in getattr(parameter.type, "choices", ()))


def _help(parameter: Parameter) -> str:
    return getattr(parameter, "help", None) or ""


def _globals() -> Iterator[str]:
    """Read what every command takes from the text of `shop --help`."""
    found = [_GLOBAL.fullmatch(line) for line in ROOT.splitlines()]
    options = [(tuple(match[1].split(", ")), match[2] or "", match[3]) for match in found if match]
    missing = {*FLAGS, *VALUES, "--help"} - {spellings[-1] for spellings, _, _ in options}
    if missing:
        raise ValueError(f"shop --help does not explain {', '.join(sorted(missing))}")
    for spellings, metavar, text in options:
        yield repr((spellings, metavar, False, OUTPUTS if spellings[-1] == "--output" else (), text))


def _command(name: str, summary: str, arguments: list[str], options: list[str]) -> str:
    return f"    {name!r}: ({summary!r}, {_tuple(arguments)}, {_tuple(options)}),"


def _tuple(parts: list[str], indent: str = "    ") -> str:
    return "(\n" + "".join(f"{indent}    {part},\n" for part in parts) + f"{indent})" if parts else "()"


def _lines(words: Mapping[str, str]) -> str:
    return "".join(f"    {name!r}: {text!r},\n" for name, text in words.items())


if __name__ == "__main__":
    print(signatures(), end="")
