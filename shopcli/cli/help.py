"""`shop --help` and `shop --version`: text, so that asking imports nothing."""

ROOT = """\
shop, a terminal client for shops.

Usage:
  shop                        Where you are, and what makes sense now
  shop COMMAND [OPTIONS]

Account:
  signup                      Create an account and log in
  login, logout               Log in, log out
  whoami                      Show who is logged in, and where that is kept
  account show|edit|password|delete
                              Look after your account
  addresses list|add|remove   Look after the address book

Shopping:
  products list|search|show|categories
                              Browse the catalog
  cart show|add|set|remove|clear
                              Fill the cart
  checkout                    Order what is in the cart and pay for it

Afterwards:
  orders list|show|pay|cancel|resume|watch
                              Look after orders
  payments list|show|refund|methods
                              Look at payments, and refund them

Other ways to shop:
  tui                         Shop on the whole screen
  shell                       Run commands one after the other at one open shop
  demo list|run|check         Scripted demos: told, shown and tested

Shops:
  serve                       Serve a shop on this computer
  services status|stop|start|restart|fault|reconcile
                              Look at a shop's services, and operate them
  catalog import              Add and update products from a file
  profile list|use|create|delete
                              Shops by name, each with its own session
  backends list|show|check    Kinds of shops that shop can talk to

This program:
  config list|get|set|unset|path
                              Settings, and where each comes from
  alias list|set|delete       Your own names for commands
  doctor                      Look for what is wrong, and say what mends it
  completion bash|zsh|fish    Print the script that lets TAB complete
  help                        Explain a command or a topic: exit-codes,
                              environment, output, backends, credentials

Options of every command, anywhere on the line:
  --backend URL               Which shop: http://HOST, sqlite:DIR, memory:
  --profile NAME              Which shop, by its name
  -o, --output FORMAT         table, tsv, json, jsonl or id
  --json                      The same as -o json
  --fields A,B                Only these fields, or columns
  -q, --quiet                 Only data and errors
  -v, --verbose               Log each call of the shop
  --trace                     Draw who asked whom
  --no-input                  Never ask
  --no-color                  No colours
  --no-pager                  No pager for what is longer than the screen
  --timeout SECONDS           How long a command may take (default 10)
  -h, --help                  Help, also behind a command
  --version                   Show the version

Examples:
  shop products search sigma 35mm
  shop cart add sony-alpha-7-iv:2
  shop checkout --pay tok_visa
  shop orders list --json | jq '.items[].number'

Environment:
  SHOP_BACKEND, SHOP_PROFILE  Defaults of --backend and --profile
  SHOP_OUTPUT                 The default of --output
  SHOP_DATA_DIR               Where the files are kept
  SHOP_CONFIG_DIR             Where config.toml is (keys of shop tui)
  NO_COLOR, SHOP_FORCE_TTY    No colours; tables in a pipe too

Output is a table on a terminal and tab-separated in a pipe."""


def version() -> str:
    """Return the line of `shop --version`."""
    from shopcli import __version__

    return f"shop {__version__}"
