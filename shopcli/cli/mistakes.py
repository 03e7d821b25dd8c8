"""Click's complaints about a command line, in our words.

Typer keeps its copy of click in `typer._click` and exports few of the exceptions, hence the private imports;
pyproject.toml pins the version.
"""

from difflib import get_close_matches

from typer._click.core import Context, Parameter
from typer._click.exceptions import BadOptionUsage, BadParameter, ClickException, MissingParameter, NoSuchOption

from shopcli.cli.failures import Usage
from shopcli.cli.options import FLAGS, VALUES
from shopcli.core.settings import not_one_of

_EXTRA = "unexpected extra argument(s) "
_REFUSED = " is not one of "


def from_click(error: BaseException) -> Usage | None:
    """Return the usage error for what click raised, None for anything that is not click's."""
    if not isinstance(error, ClickException):
        return None
    context: Context | None = getattr(error, "ctx", None)
    path = context.command_path if context else "shop"
    message = error.format_message().rstrip(".")
    if isinstance(error, NoSuchOption):
        return _no_such_option(error.option_name, context, path)
    if isinstance(error, MissingParameter):
        message = f"{_name(error.param)} is missing"
    elif isinstance(error, BadParameter):
        message = _bad_value(error)
    elif isinstance(error, BadOptionUsage):
        message = f"{error.option_name} needs a value"
    elif (extra := message.partition(_EXTRA)[2]) and context:
        return _too_much(extra.strip("()"), context)
    return Usage(message[:1].lower() + message[1:] if message[:2].istitle() else message, hint=f"{path} --help")


def _bad_value(error: BadParameter) -> str:
    choices = [str(choice) for choice in getattr(error.param and error.param.type, "choices", ())]
    given, refused, _ = error.message.partition(_REFUSED)
    if not (choices and refused):
        return f"{_name(error.param)}: {error.message.rstrip('.')}"
    return f"{_name(error.param)} {not_one_of(choices, given[1:-1])}"


def _too_much(extra: str, context: Context) -> Usage:
    """Return the error for words that a command has no place for; an option may have lost its dashes.

    Where a command can read a secret they are counted only: somebody may have written it there.
    """
    path = context.command_path
    options = [name for parameter in context.command.get_params(context) for name in parameter.opts]
    close = get_close_matches(f"--{extra.split(maxsplit=1)[0].lstrip('-')}", options, n=1)
    guess = f", did you mean {close[0]}?" if close else ""
    said = f"takes no argument {extra}"
    if any(name.endswith("-stdin") for name in options):
        count = len(extra.split())
        said = f"was given {count} {'word' if count == 1 else 'words'} too many, not repeated as that may be secret"
    return Usage(f"{path} {said}{guess}", hint=f"{path} --help")


def _name(parameter: Parameter | None) -> str:
    if parameter is None:
        return "a value"
    return parameter.opts[0] if parameter.param_type_name == "option" else parameter.human_readable_name


def _no_such_option(option: str, context: Context | None, path: str) -> Usage:
    parameters = context.command.get_params(context) if context else []
    if option[1:2].isdigit():
        if any(parameter.name == "quantity" for parameter in parameters):
            return Usage("a quantity is a whole number from 1 to 999", hint="shop cart show")
        return Usage(f"{option} is no option, and nothing here takes a negative number", hint=f"{path} --help")
    known = [name for parameter in parameters for name in parameter.opts if name.startswith("-")]
    close = get_close_matches(option, [*known, *FLAGS, *VALUES], n=1)
    guess = f", did you mean {close[0]}?" if close else ""
    return Usage(f"no such option: {option}{guess}", hint=f"{path} --help")
