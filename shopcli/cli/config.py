"""`shop config`: list, get, set, unset and path."""

from collections.abc import Mapping
from shlex import join
from typing import Annotated

import typer

from backends.deadline import deadline
from backends.errors import InvalidValue, StorageError, Unsupported
from shopcli.cli.asking.settings import example, setting_key, setting_value
from shopcli.cli.failures import Usage
from shopcli.cli.options import Options
from shopcli.cli.run import Run, prepare
from shopcli.cli.views.config import ORIGIN, PLACE, SETTING, VALUE, Place, Set, origin_of
from shopcli.core.config import (
    ALIASES,
    KEYS,
    PROFILES,
    BrokenConfig,
    Config,
    edited_by_hand,
    named,
    profile_in_use,
    read,
)
from shopcli.core.paths import SETTINGS_ELSEWHERE, config_file, unusable
from shopcli.core.profiles import DEFAULT, Profiles, is_name
from shopcli.core.settings import SETTINGS

_LIST = "shop config list --origin"
_PROFILE = "profile"
_TABLES = {
    PROFILES: ("the settings of all profiles", "shop config unset KEY --for NAME"),
    ALIASES: ("all aliases", "shop alias delete ALIAS"),
}

_Key = Annotated[
    str | None,
    typer.Argument(metavar="KEY", show_default=False, help="The setting: shop config list; a terminal asks."),
]
_For = Annotated[str | None, typer.Option("--for", metavar="NAME", help="Only for the commands of this profile.")]


def list_settings(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say what chose each value.")] = False,
) -> None:
    """List settings as they are for this command.

    What decides, strongest first: a flag, a variable (SHOP_OUTPUT), the profile's own settings, those for all
    commands, the default. For another profile: shop --profile NAME config list.

    Examples:
      shop config list
      shop config list --origin
      shop config list --json | jq -r '.items[] | select(.origin != "default").key'

    Exit codes:
      12  config.toml cannot be read
    """
    view = ORIGIN if origin else SETTING
    run = prepare(context, view)
    found = _settings(run)
    run.out.list(view, found, total=len(found), empty="")


def get(context: typer.Context, key: _Key = None) -> None:
    """Show a setting's value as it is for this command.

    Examples:
      shop config get timeout
      shop config get credentials --json

    Exit codes:
      2   there is no such setting
      12  config.toml cannot be read
    """
    run = prepare(context, VALUE)
    key = setting_key(run) if key is None else key
    found = {each.key: each for each in _settings(run)}
    if key not in found:
        raise _unknown(key)
    if run.options.output == "table":
        print(found[key].value)  # the value alone, as in a pipe
        run.out.shown = found[key]
        return
    run.out.show(VALUE, found[key])


def set_value(
    context: typer.Context,
    key: _Key = None,
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", show_default=False, help="The new value; a terminal asks.")
    ] = None,
    profile: _For = None,
) -> None:
    """Change a setting. Comments in config.toml stay, and so does everything else in there.

    output       table, tsv, json, jsonl or id
    timeout      seconds that a command may take
    color        auto, always or never
    prompts      picker, plain or never
    theme        dark or light, in the full-screen shop
    credentials  file or keyring: where the token of a session is kept; it is moved there
    pager        auto or never
    profile      as shop profile use

    Examples:
      shop config set timeout 30
      shop config set output json --for staging
      shop config set credentials keyring

    Exit codes:
      2   no such setting, or not a value of it
      12  config.toml cannot be read or written, no such profile, or the keyring cannot be used
    """
    run = prepare(context, SETTING)
    key = setting_key(run) if key is None else key
    if value is None:
        _see_that_it_can_be_set(key, profile)
        value = setting_value(run, key)
    text = _checked(key, value, profile)
    with deadline(run.options.timeout):
        if key == _PROFILE:
            Profiles().use(text)
        else:
            _put(key, text, profile)
        _show_changed(run, key, profile, wanted=text)


def unset(context: typer.Context, key: _Key = None, profile: _For = None) -> None:
    """Go back to a setting's default, or for a profile to the setting for all commands.

    Takes any entry out, also one that shop does not know; that is how a refused one is mended.

    Examples:
      shop config unset timeout
      shop config unset output --for staging

    Exit codes:
      12  config.toml cannot be read or written
    """
    from shopcli.core.config_editing import take_out

    run = prepare(context, SETTING)
    key = setting_key(run) if key is None else key
    _refuse_keys(key)
    with deadline(run.options.timeout):
        if key == _PROFILE and profile is None:
            Profiles().use(DEFAULT)
        elif profile is None and key in _TABLES and (config := read()) and getattr(config, key):
            raise Usage(f"this is a table: {_TABLES[key][0]}", hint=_TABLES[key][1])
        elif not take_out(key, profile):
            if key not in SETTINGS:
                raise _unknown(key)
            run.out.say(f"{key} was not set")
        if key in SETTINGS:
            _show_changed(run, key, profile)


def path(context: typer.Context) -> None:
    """Show where the settings are kept; there is no file before the first one is set.

    Examples:
      shop config path
      "${EDITOR:-vi}" "$(shop config path)"
    """
    run = prepare(context, PLACE)
    file = config_file()
    if run.options.output == "table":
        print(file)
    else:
        try:
            run.out.show(PLACE, Place(str(file), file.exists()))
        except PermissionError as error:
            raise StorageError(unusable(file, error).message, hint=SETTINGS_ELSEWHERE) from None


# --- showing ---------------------------------------------------------------------------------------


def _settings(run: Run) -> list[Set]:
    """All settings as they are for this command. Raises BrokenConfig."""
    config = read()
    found = [_setting(run.options.chosen, run.options, name) for name in SETTINGS]
    keys = sorted(config.keys.items()) if config else []
    file = "" if config is None else str(config.path)
    return [*found, *(Set(key, value, "file", file, None, "keys of the full-screen shop") for key, value in keys)]


def _setting(chosen: Mapping[str, tuple[str, str, str | None]], options: Options, name: str) -> Set:
    setting = SETTINGS[name]
    default = setting.default or None
    if name == _PROFILE:
        return Set(name, *_profile(options), default, setting.meaning)
    value, origin, where = chosen.get(name, (setting.default or options.usual_output(), "default", None))
    return Set(name, value, origin, where, default, setting.meaning)


def _profile(options: Options) -> tuple[str, str, str | None]:
    """Return the profile in use, empty for a shop without a name, and what chose it."""
    if by := options.chosen_by:
        name = profile_in_use(options.backend, options.profile) or ""
        return name, "flag" if by.startswith("--") else "environment", by
    used = Profiles().current()
    return (used, "command", "shop profile use") if used else (DEFAULT, "default", None)


def _show_changed(run: Run, key: str, profile: str | None, *, wanted: str | None = None) -> None:
    """Show what a setting is from now on, and what may still speak against it; `wanted` is what it was set to."""
    try:
        config = read()
    except BrokenConfig as error:  # something else in there, and what was asked for is done
        run.out.say(f"! {error.message}")
        run.out.next(error.hint or _LIST)
        return
    if key == "credentials":
        _move(run, config)
    options = run.options
    profile = profile or profile_in_use(options.backend, options.profile)
    by_variables = {name: chosen for name, chosen in options.chosen.items() if chosen[1] == "environment"}
    each = _setting({**(config.chosen(profile) if config else {}), **by_variables}, options, key)
    run.out.show(SETTING, each)
    if each.value != wanted and each.origin in ("environment", "profile", "flag"):
        run.out.say(f"! {origin_of(each)} says {each.value}, and is stronger")


# --- changing --------------------------------------------------------------------------------------


def _checked(key: str, value: str, profile: str | None) -> str:
    """Return the value as it is kept. Raises Usage, InvalidValue, UnknownProfile."""
    _see_that_it_can_be_set(key, profile)
    if key == _PROFILE:
        return value
    try:
        return SETTINGS[key].checked(value)
    except ValueError as error:
        raise InvalidValue(f"{key} {error}", hint=f"shop config set {key} {example(key)}") from None


def _see_that_it_can_be_set(key: str, profile: str | None) -> None:
    _refuse_keys(key)
    if key not in SETTINGS:
        raise _unknown(key)
    if profile is not None:
        if not SETTINGS[key].of_profiles:
            raise Usage(f"{key} is the same for all profiles", hint=f"shop config set {key} VALUE")
        Profiles().backend(profile)


def _put(key: str, value: str, profile: str | None) -> None:
    from shopcli.core.config_editing import put

    if (key, value) == ("credentials", "keyring"):
        from shopcli.core.moving import prove_keyring

        prove_keyring()
    put(key, value, profile)


def _move(run: Run, config: Config | None) -> None:
    """Bring the tokens that there are to where they are kept from now on."""
    from shopcli.core.moving import move_sessions

    became = move_sessions(config)
    for name in became.moved:
        run.out.say(f"moved the session of {name}")
    for name in became.lost:
        run.out.say(f"! the session of {name} stays in the keyring, which did not give it back: log in again")
    for name in became.damaged:
        run.out.say(f"! the session of {name} is damaged, and stays where it is")
        if is_name(name):
            run.out.next(join(["shop", "--profile", name, "logout"]))


def _refuse_keys(key: str) -> None:
    if key.partition(".")[0] == KEYS:
        file = config_file()
        msg = f"keys are changed in the table [{KEYS}] of {file}, not by a command"
        raise Unsupported(msg, hint=edited_by_hand(file))


def _unknown(key: str) -> Usage:
    return Usage(named(key), hint=_LIST)
