"""docs/keys.md, made from the table of commands: `python3 -m shopcli.tui.keys > docs/keys.md`."""

import sys

from shopcli.tui.commands import COMMANDS, SHOWN, Command, Scope

_ABOVE = """\
# Keys of the full-screen shop

<!-- Made by `python3 -m shopcli.tui.keys > docs/keys.md`; a test holds it. -->

`shop tui` shows these with `?`, and finds them by name with `ctrl+p`. Whatever does more than move on the screen is a
command of `shop` too, for scripts and screen readers.

Other keys are chosen in `config.toml`, in `$SHOP_CONFIG_DIR`, else `$XDG_CONFIG_HOME/shop`, else `~/.config/shop`:

```toml
[keys]
search = "ctrl+f"
"cart.remove" = "d,delete"
```

An entry takes the place of all keys of its command. A key that means two things in one place, a key that terminals keep
for themselves and a command that does not exist are refused before the screen opens.
"""
TITLES = {
    Scope.EVERYWHERE: "Everywhere",
    Scope.LIST: "In every list",
    Scope.BROWSE: "Browse",
    Scope.PRODUCT: "A product",
    Scope.CART: "Cart",
    Scope.CHECKOUT: "Checkout",
    Scope.ORDERS: "Orders",
    Scope.ORDER: "An order",
    Scope.ACCOUNT: "Account",
    Scope.HEALTH: "Health",
    Scope.HELP: "Help",
}


def page() -> str:
    """Return the whole page."""
    return "".join([_ABOVE, *map(_section, Scope)])


def _section(scope: Scope) -> str:
    rows = [_row(command) for command in COMMANDS if command.scope is scope]
    head = f"\n## {TITLES[scope]}\n\n| keys | id | what it does | the same by |\n|---|---|---|---|\n"
    return head + "".join(rows) if rows else ""


def _row(command: Command) -> str:
    keys = " ".join(f"`{SHOWN.get(key, key)}`" for key in command.keys.split(","))
    line = f"`{command.subcommand}`" if command.subcommand else ""
    return f"| {keys} | `{command.id}` | {command.help} | {line} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
