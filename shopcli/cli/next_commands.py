"""The command that is named next, as it has to be typed: for the same shop as this one."""

from shlex import quote

from shopcli.cli.options import Options

_OF_NO_SHOP = ("shop profile ", "shop serve", "shop config ", "shop backends list")


def repeated(command: str, again: tuple[str, str] | None) -> str:
    """Return the next command for the same shop: with `--backend` or `--profile` where it was given now.

    Commands that name a shop themselves, and those about profiles and serving, stay as they are. An address with a
    password is not repeated: no shop has one.
    """
    itself = "--backend" in command or "--profile" in command or command.startswith(_OF_NO_SHOP)
    if again is None or itself or not command.startswith("shop "):
        return command
    flag, value = again
    if "@" in value.partition("//")[2].partition("/")[0]:
        return command
    return f"shop {flag} {quote(value)} {command.removeprefix('shop ')}"


def lasting(hint: str, options: Options) -> str:
    """Mend the variable where that is what says which shop: a flag would help one command only."""
    address = hint.removeprefix("shop --backend ")
    return f"export SHOP_BACKEND={address}" if address != hint and options.chosen_by == "SHOP_BACKEND" else hint
