"""What can be chosen of settings: which one, and what it shall be."""

from backends.errors import InvalidValue
from shopcli.cli.asking.choices import Choice
from shopcli.cli.asking.questions import missing
from shopcli.cli.run import Run
from shopcli.core.profiles import Profiles
from shopcli.core.settings import SETTINGS

_LIST = "shop config list"


def setting_key(run: Run) -> str:
    """Ask for a setting."""
    run.ask.require("KEY", hint=_LIST)
    return run.ask.pick("Setting", "KEY", [Choice(each.name, each.name, each.meaning) for each in SETTINGS.values()])


def setting_value(run: Run, key: str) -> str:
    """Ask what the setting `key` shall be. Raises Usage naming what it may be where nobody can be asked."""
    known = Profiles().names() if key == "profile" else SETTINGS[key].choices
    if not run.ask.possible:
        raise missing(["VALUE"], known, hint=f"shop config set {key} {example(key)}")
    if not known:
        return run.ask.text(f"{key}, {SETTINGS[key].meaning}", "VALUE", check=lambda text: _check(key, text))
    default = run.options.chosen[key][0] if key in run.options.chosen else SETTINGS[key].default
    return run.ask.pick(key, "VALUE", [Choice(each, each) for each in known], default=default)


def example(key: str) -> str:
    """Return a value that the setting `key` may have."""
    return SETTINGS[key].choices[0] if SETTINGS[key].choices else SETTINGS[key].default


def _check(key: str, text: str) -> None:
    try:
        SETTINGS[key].checked(text)
    except ValueError as error:
        raise InvalidValue(f"{key} {error}") from None
