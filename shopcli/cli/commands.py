"""The commands of `shop`: one table, and groups that import only the command that runs."""

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from shlex import join
from typing import NamedTuple

from typer import Typer
from typer._click.core import Command, Context, Parameter
from typer._click.formatting import HelpFormatter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from shopcli.cli.failures import Usage
from shopcli.cli.output.talk import fitting


class Leaf(NamedTuple):
    """A command: where its function is and what it does."""

    function: str
    summary: str


class Branch(NamedTuple):
    """A noun and its verbs."""

    summary: str
    verbs: Mapping[str, Leaf]


TABLE: Mapping[str, Leaf | Branch] = {
    "signup": Leaf("accounts:signup", "Create an account and log in"),
    "login": Leaf("accounts:login", "Log in"),
    "logout": Leaf("accounts:logout", "Log out"),
    "whoami": Leaf("accounts:whoami", "Show who is logged in, and where that is kept"),
    "account": Branch(
        "Look after your account.",
        {
            "show": Leaf("account:show", "Show the account"),
            "edit": Leaf("account:edit", "Change name or e-mail address"),
            "password": Leaf("account:password", "Change the password; other sessions end"),
            "delete": Leaf("account:delete", "Delete the account"),
        },
    ),
    "products": Branch(
        "Browse and search the catalog.",
        {
            "list": Leaf("products:list_products", "List products"),
            "search": Leaf("products:search", "Search products"),
            "show": Leaf("products:show", "Show a product and its variants"),
            "categories": Leaf("products:categories", "List categories"),
        },
    ),
    "cart": Branch(
        "Fill the cart.",
        {
            "show": Leaf("cart:show", "Show the cart"),
            "add": Leaf("cart:add", "Put products into the cart"),
            "set": Leaf("cart:set_quantity", "Change how many of a line"),
            "remove": Leaf("cart:remove", "Take lines out of the cart"),
            "clear": Leaf("cart:clear", "Empty the cart"),
        },
    ),
    "addresses": Branch(
        "Look after the address book.",
        {
            "list": Leaf("addresses:list_addresses", "List addresses, the default first"),
            "add": Leaf("addresses:add", "Add or replace an address"),
            "remove": Leaf("addresses:remove", "Remove an address"),
        },
    ),
    "checkout": Leaf("checkout:checkout", "Order what is in the cart and pay for it"),
    "orders": Branch(
        "Look after orders.",
        {
            "list": Leaf("orders:list_orders", "List orders, the newest first"),
            "show": Leaf("orders:show", "Show an order"),
            "pay": Leaf("orders:pay", "Pay for an order that waits for it"),
            "cancel": Leaf("orders:cancel", "Cancel an order; what was paid is refunded"),
            "resume": Leaf("orders:resume", "Find out what became of unfinished checkouts"),
            "watch": Leaf("orders:watch", "Wait until an order is decided"),
        },
    ),
    "payments": Branch(
        "Look at payments, and refund them.",
        {
            "list": Leaf("payments:list_payments", "List an order's payments"),
            "show": Leaf("payments:show", "Show a payment"),
            "refund": Leaf("payments:refund", "Give a payment back (merchants only)"),
            "methods": Leaf("payments:methods", "List saved cards and test tokens"),
        },
    ),
    "catalog": Branch(
        "Look after what a shop sells (merchants only).",
        {"import": Leaf("catalog:import_catalog", "Add and update products from a file")},
    ),
    "profile": Branch(
        "Shops by name, each with its own session.",
        {
            "list": Leaf("profiles:list_profiles", "List profiles, and which one is in use"),
            "use": Leaf("profiles:use", "Use a profile from now on"),
            "create": Leaf("profiles:create", "Give a shop a name"),
            "delete": Leaf("profiles:delete", "Forget a profile and its session"),
        },
    ),
    "services": Branch(
        "Look at the services behind a shop, and operate them.",
        {
            "status": Leaf("services:status", "Show the state of each service"),
            "stop": Leaf("services:stop", "Stop a service"),
            "start": Leaf("services:start", "Start a service"),
            "restart": Leaf("services:restart", "Replace a service's processes by new ones"),
            "fault": Leaf("services:fault", "Let a service fail on purpose"),
            "reconcile": Leaf("reconciling:reconcile_books", "Compare the services' books"),
        },
    ),
    "backends": Branch(
        "Kinds of shops that shop can talk to.",
        {
            "list": Leaf("backends:list_backends", "List kinds of shops, plug-ins included"),
            "show": Leaf("backends:show", "Show what a shop can do"),
            "check": Leaf("checking:check", "Hold a shop against the contract"),
        },
    ),
    "config": Branch(
        "Settings, and where each comes from.",
        {
            "list": Leaf("config:list_settings", "List settings"),
            "get": Leaf("config:get", "Show a setting's value"),
            "set": Leaf("config:set_value", "Change a setting"),
            "unset": Leaf("config:unset", "Go back to a setting's default"),
            "path": Leaf("config:path", "Show where the settings are kept"),
        },
    ),
    "alias": Branch(
        "Your own names for commands.",
        {
            "list": Leaf("alias:list_aliases", "List your names for commands"),
            "set": Leaf("alias:set_alias", "Give a command a name"),
            "delete": Leaf("alias:delete", "Forget a name"),
        },
    ),
    "demo": Branch(
        "Scripted demos: a text that tells, shows and tests.",
        {
            "list": Leaf("demo:list_scenarios", "List the scenarios that come with shop"),
            "run": Leaf("demo:run_scenarios", "Play scenarios"),
            "check": Leaf("demo:check", "Say whether scenarios are written in their language"),
        },
    ),
    "tui": Leaf("tui:tui", "Shop on the whole screen"),
    "shell": Leaf("shell.command:shell", "Run commands one after the other at one open shop"),
    "serve": Leaf("serve:serve", "Serve a shop on this computer"),
    "doctor": Leaf("doctor:doctor", "Look for what is wrong, and say what mends it"),
    "completion": Leaf("completion:completion", "Print the script that lets TAB complete"),
    "help": Leaf("topics:show_help", "Explain a command or a topic"),
}

_SHOWING = ("show", "list", "status")
"""Verbs for whoever named a noun alone: the first one that it has changes nothing, and needs nothing said."""
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class ShopCommand(TyperCommand):
    """A command whose help is its docstring around its options.

    The first paragraph says what it does; everything behind it (examples, exit codes) is printed as written. Only
    paragraphs are made to fit a terminal.
    """

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the help text."""
        summary, _, rest = fitting(inspect.cleandoc(self.help or "")).partition("\n\n")
        formatter.write(f"{summary}\n\nUsage:\n  {ctx.command_path} {self._pieces(ctx)}\n")
        rows = [(_spelling(parameter), getattr(parameter, "help", None) or "") for parameter in self.get_params(ctx)]
        width = max(len(spelling) for spelling, _ in rows)
        options = (fitting(text, f"  {name:<{width}}  ") for name, text in rows)
        formatter.write("\nOptions:\n" + "".join(f"{option}\n" for option in options))
        if rest:
            formatter.write(f"\n{rest}\n")
        formatter.write("\nOptions of every command: shop --help")

    def _pieces(self, ctx: Context) -> str:
        arguments = [_spelling(each) for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return " ".join([*arguments, "[OPTIONS]"])


class ShopGroup(TyperGroup):
    """A group that knows its commands by a table and imports the one that is asked for."""

    def __init__(self, name: str, summary: str, table: Mapping[str, Leaf | Branch]) -> None:
        """Offer the commands of `table`."""
        super().__init__(name=name, help=summary, context_settings=dict(_SETTINGS), rich_markup_mode=None)
        self.table = table

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        """Return the command, None for an unknown one."""
        entry = self.table.get(cmd_name)
        if isinstance(entry, Branch):
            return ShopGroup(cmd_name, entry.summary, entry.verbs)
        return None if entry is None else load(cmd_name, entry)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the command that `args` name. Raises Usage with what may have been meant."""
        command = self.get_command(ctx, args[0])
        if command is None:
            raise self._unknown(ctx, args)
        return args[0], command, args[1:]

    def invoke(self, ctx: Context) -> object:
        """Run the command that was named. Raises Usage if none was."""
        if not ctx._protected_args:  # noqa: SLF001 - where click keeps the command's name
            verbs = ", ".join(self.table)
            shows = next((verb for verb in self.table if verb in _SHOWING), "--help")
            raise Usage(f"{ctx.command_path} needs one of: {verbs}", hint=f"{ctx.command_path} {shows}")
        return super().invoke(ctx)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the help text."""
        width = max(map(len, self.table))
        rows = "".join(f"  {name:<{width}}  {entry.summary}\n" for name, entry in self.table.items())
        path = ctx.command_path
        formatter.write(f"{self.help}\n\nUsage:\n  {path} COMMAND\n\nCommands:\n{rows}\n")
        formatter.write(f"More about a command: {path} COMMAND --help")

    def _unknown(self, ctx: Context, args: list[str]) -> Usage:
        path, typed, rest = ctx.command_path, args[0], args[1:]
        elsewhere = [noun for noun, entry in TABLE.items() if isinstance(entry, Branch) and typed in entry.verbs]
        if close := get_close_matches(typed, self.table, n=1):
            meant = f"{path} {close[0]}"
        elif elsewhere and ctx.parent is None:
            named = get_close_matches(rest[0], elsewhere, n=1) if rest else []  # `shop show orders`
            meant, rest = f"shop {[*named, *elsewhere][0]} {typed}", rest[len(named) :]
        else:
            return Usage(f"no such command: {path} {typed}", hint=f"{path} --help")
        return Usage(f"no such command: {path} {typed}, did you mean {meant}?", hint=f"{meant} {join(rest)}".rstrip())


@cache
def root() -> ShopGroup:
    """Return `shop` itself."""
    return ShopGroup("shop", "A terminal client for shops.", TABLE)


def load(name: str, leaf: Leaf) -> Command:
    """Import a command's function and let typer read its signature."""
    module, _, function = leaf.function.partition(":")
    app = Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=ShopCommand, context_settings=dict(_SETTINGS))(
        getattr(import_module(f"shopcli.cli.{module}"), function)
    )
    return get_command(app)


def _spelling(parameter: Parameter) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.human_readable_name
        name = f"{name}..." if parameter.nargs == -1 else name
        return name if parameter.required else f"[{name}]"
    metavar = f" {parameter.metavar}" if parameter.metavar else ""
    return ", ".join(sorted(parameter.opts, key=len)) + metavar
