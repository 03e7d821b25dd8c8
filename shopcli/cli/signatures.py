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

NOUNS: "dict[str, str]" = {
    'account': 'Look after your account',
    'products': 'Browse and search the catalog',
    'cart': 'Fill the cart',
    'addresses': 'Look after the address book',
    'orders': 'Look after orders',
    'payments': 'Look at payments, and refund them',
    'catalog': 'Look after what a shop sells (merchants only)',
    'profile': 'Shops by name, each with its own session',
    'services': 'Look at the services behind a shop, and operate them',
    'backends': 'Kinds of shops that shop can talk to',
    'config': 'Settings, and where each comes from',
    'alias': 'Your own names for commands',
    'demo': 'Scripted demos: a text that tells, shows and tests',
}

GLOBALS: "tuple[Option, ...]" = (
    (('--backend',), 'URL', False, (), 'Which shop: http://HOST, sqlite:DIR, memory:'),
    (('--profile',), 'NAME', False, (), 'Which shop, by its name'),
    (('-o', '--output'), 'FORMAT', False, ('table', 'tsv', 'json', 'jsonl', 'id'), 'table, tsv, json, jsonl or id'),
    (('--json',), '', False, (), 'The same as -o json'),
    (('--fields',), 'A,B', False, (), 'Only these fields, or columns'),
    (('-q', '--quiet'), '', False, (), 'Only data and errors'),
    (('-v', '--verbose'), '', False, (), 'Log each call of the shop'),
    (('--trace',), '', False, (), 'Draw who asked whom'),
    (('--no-input',), '', False, (), 'Never ask'),
    (('--no-color',), '', False, (), 'No colours'),
    (('--no-pager',), '', False, (), 'No pager for what is longer than the screen'),
    (('--timeout',), 'SECONDS', False, (), 'How long a command may take (default 10)'),
    (('-h', '--help'), '', False, (), 'Help, also behind a command'),
    (('--version',), '', False, (), 'Show the version'),
)

COMMANDS: "dict[str, Command]" = {
    'signup': ('Create an account and log in', (), (
        (('--name',), 'NAME', False, (), 'Your name.'),
        (('--email',), 'EMAIL', False, (), "The account's e-mail address."),
        (('--password-stdin',), '', False, (), 'Read the password from a pipe.'),
    )),
    'login': ('Log in', (), (
        (('--email',), 'EMAIL', False, (), "The account's e-mail address."),
        (('--password-stdin',), '', False, (), 'Read the password from a pipe.'),
    )),
    'logout': ('Log out', (), ()),
    'whoami': ('Show who is logged in, and where that is kept', (), ()),
    'account show': ('Show the account', (), ()),
    'account edit': ('Change name or e-mail address', (), (
        (('--name',), 'TEXT', False, (), 'The new name.'),
        (('--email',), 'EMAIL', False, (), 'The new e-mail address.'),
        (('--password-stdin',), '', False, (), 'Read the password from a pipe.'),
    )),
    'account password': ('Change the password; other sessions end', (), (
        (('--password-stdin',), '', False, (), 'Read two lines from a pipe: the old password, then the new one.'),
    )),
    'account delete': ('Delete the account', (), (
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
        (('--force',), '', False, (), 'Even if checkouts are unfinished.'),
        (('--password-stdin',), '', False, (), 'Read the password from a pipe.'),
    )),
    'products list': ('List products', (), (
        (('--category',), 'CATEGORY', False, (), 'Only products of this category.'),
        (('--min-price',), 'M', False, (), 'Only from this price on.'),
        (('--max-price',), 'M', False, (), 'Only up to this price.'),
        (('--in-stock',), '', False, (), 'Only what can be bought now.'),
        (('--sort',), 'ORDER', False, ('relevance', 'title', 'price', '-price'), 'relevance, title, price or -price (dearest first).'),
        (('--limit',), 'N', False, (), 'How many at most (default 30).'),
        (('--cursor',), 'CURSOR', False, (), 'Go on where a list ended.'),
        (('--all',), '', False, (), 'List all there are.'),
    )),
    'products search': ('Search products', (
        ('TEXT', True, False, (), 'Words to look for; a terminal asks.'),
    ), (
        (('--category',), 'CATEGORY', False, (), 'Only products of this category.'),
        (('--min-price',), 'M', False, (), 'Only from this price on.'),
        (('--max-price',), 'M', False, (), 'Only up to this price.'),
        (('--in-stock',), '', False, (), 'Only what can be bought now.'),
        (('--sort',), 'ORDER', False, ('relevance', 'title', 'price', '-price'), 'relevance, title, price or -price (dearest first).'),
        (('--limit',), 'N', False, (), 'How many at most (default 30).'),
        (('--cursor',), 'CURSOR', False, (), 'Go on where a list ended.'),
        (('--all',), '', False, (), 'List all there are.'),
    )),
    'products show': ('Show a product and its variants', (
        ('PRODUCT', False, False, (), "Its slug or id; a variant's REF shows only that one."),
    ), ()),
    'products categories': ('List categories', (), ()),
    'cart show': ('Show the cart', (), ()),
    'cart add': ('Put products into the cart', (
        ('PRODUCT[/VARIANT][:QTY]', True, False, (), 'What to add, once unless :QTY says more.'),
    ), ()),
    'cart set': ('Change how many of a line', (
        ('LINE', False, False, (), "A variant's ref, a line's id, or the row number that `shop cart show` prints."),
        ('QTY', False, False, (), '1 to 999.'),
    ), ()),
    'cart remove': ('Take lines out of the cart', (
        ('LINE', True, False, (), "A variant's ref, a line's id, or the row number that `shop cart show` prints."),
    ), ()),
    'cart clear': ('Empty the cart', (), ()),
    'addresses list': ('List addresses, the default first', (), ()),
    'addresses add': ('Add or replace an address', (
        ('LABEL', False, False, (), 'What you call it: "home".'),
    ), (
        (('--name',), 'NAME', False, (), 'Who lives there.'),
        (('--line1',), 'TEXT', False, (), 'Street and number.'),
        (('--line2',), 'TEXT', False, (), 'Flat, floor, company.'),
        (('--city',), 'CITY', False, (), 'City.'),
        (('--postcode',), 'CODE', False, (), 'Postcode.'),
        (('--region',), 'REGION', False, (), 'State or province.'),
        (('--country',), 'CC', False, (), 'Two letters (ISO 3166-1): DE.'),
        (('--phone',), 'NUMBER', False, (), 'For the carrier.'),
        (('--default',), '', False, (), 'Ship here unless something else is said.'),
    )),
    'addresses remove': ('Remove an address', (
        ('LABEL', False, False, (), 'What you called it.'),
    ), ()),
    'checkout': ('Order what is in the cart and pay for it', (), (
        (('--address',), 'LABEL', False, (), 'Where it goes (default: the default address).'),
        (('--shipping',), 'ID', False, (), 'How it gets there (default: the cheapest way).'),
        (('--pay',), 'METHOD', False, (), 'A saved method, a test token (tok_visa), or later.'),
        (('--card-stdin',), '', False, (), 'Read "NUMBER MM/YY CVV" from a pipe.'),
        (('--expect-total',), 'M', False, (), 'Order only if the total is this.'),
        (('--dry-run',), '', False, (), 'Order nothing; put address and delivery on the cart and show what it would cost.'),
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
    )),
    'orders list': ('List orders, the newest first', (), (
        (('--limit',), 'N', False, (), 'How many at most (default 30).'),
        (('--cursor',), 'CURSOR', False, (), 'Go on where a list ended.'),
        (('--all',), '', False, (), 'List all there are.'),
    )),
    'orders show': ('Show an order', (
        ('ORDER', False, False, (), 'Its number or id; @last is the latest.'),
    ), ()),
    'orders pay': ('Pay for an order that waits for it', (
        ('ORDER', False, False, (), 'Its number or id; @last is the latest.'),
    ), (
        (('--pay',), 'METHOD', False, (), 'A saved method, a test token (tok_visa), or later.'),
        (('--card-stdin',), '', False, (), 'Read "NUMBER MM/YY CVV" from a pipe.'),
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
    )),
    'orders cancel': ('Cancel an order; what was paid is refunded', (
        ('ORDER', False, False, (), 'Its number or id; @last is the latest.'),
    ), (
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
    )),
    'orders resume': ('Find out what became of unfinished checkouts', (), ()),
    'orders watch': ('Wait until an order is decided', (
        ('ORDER', False, False, (), 'Its number or id; @last is the latest.'),
    ), ()),
    'payments list': ("List an order's payments", (
        ('ORDER', False, False, (), 'Its number or id; @last is the latest.'),
    ), ()),
    'payments show': ('Show a payment', (
        ('PAYMENT', False, False, (), 'Its id.'),
    ), ()),
    'payments refund': ('Give a payment back (merchants only)', (
        ('PAYMENT', False, False, (), 'Its id.'),
    ), (
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
    )),
    'payments methods': ('List saved cards and test tokens', (), ()),
    'catalog import': ('Add and update products from a file', (
        ('FILE', False, False, (), 'CSV or JSON lines; - is stdin.'),
    ), (
        (('--skip-bad',), '', False, (), 'Leave out products with bad rows.'),
        (('--dry-run',), '', False, (), 'Look at the file only; import nothing.'),
        (('--format',), 'FORMAT', False, (), 'csv or jsonl, where the name does not say so.'),
    )),
    'profile list': ('List profiles, and which one is in use', (), ()),
    'profile use': ('Use a profile from now on', (
        ('NAME', False, False, (), "The profile's name."),
    ), ()),
    'profile create': ('Give a shop a name', (
        ('NAME', False, False, (), "The profile's name."),
        ('URL', False, False, (), 'Where it is: http://HOST:PORT, sqlite:DIRECTORY.'),
    ), (
        (('--owner',), 'FILE', False, (), 'The owner.json of shop serve, for its owner.'),
        (('--use',), '', False, (), 'Use it from now on.'),
    )),
    'profile delete': ('Forget a profile and its session', (
        ('NAME', False, False, (), "The profile's name."),
    ), (
        (('--force',), '', False, (), 'Even if checkouts are unfinished.'),
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
    )),
    'services status': ('Show the state of each service', (), (
        (('--watch',), '', False, (), 'Look again and again, until Ctrl-C.'),
        (('--interval',), 'SECONDS', False, (), 'How long --watch waits (default 1).'),
    )),
    'services stop': ('Stop a service', (
        ('SERVICE', False, False, (), 'A service, or gateway; a terminal asks.'),
    ), ()),
    'services start': ('Start a service', (
        ('SERVICE', False, False, (), 'A service, or gateway; a terminal asks.'),
    ), ()),
    'services restart': ("Replace a service's processes by new ones", (
        ('SERVICE', False, False, (), 'A service, or gateway; a terminal asks.'),
    ), ()),
    'services fault': ('Let a service fail on purpose', (
        ('SERVICE|list|clear', False, False, (), 'A service, or what to do with all faults.'),
        ('KIND', False, False, (), 'What goes wrong; behind clear, whose faults end.'),
    ), (
        (('--action',), 'TEXT', False, (), 'Only actions that start with it.'),
        (('--rate',), 'RATE', False, (), 'How often, 0 to 1 (default 1).'),
        (('--seconds',), 'N', False, (), 'For latency and rate_limited: how long (default 1).'),
        (('--times',), 'N', False, (), 'At most so often.'),
        (('--step',), 'N', False, (), 'For crash: at which commit (default 1).'),
        (('--after',), '', False, (), 'For crash: after the commit, not before it.'),
    )),
    'services reconcile': ("Compare the services' books", (), ()),
    'backends list': ('List kinds of shops, plug-ins included', (), ()),
    'backends show': ('Show what a shop can do', (
        ('URL', False, False, (), 'A shop, or only its scheme; else the shop in use.'),
    ), ()),
    'backends check': ('Hold a shop against the contract', (
        ('URL', False, False, (), 'Which shop, memory: and sqlite: for new ones; else the one in use.'),
    ), (
        (('--area',), 'AREA', True, (), 'Only this part; repeatable.'),
        (('--yes',), '', False, (), 'Do not ask; needed without a terminal.'),
    )),
    'config list': ('List settings', (), (
        (('--origin',), '', False, (), 'Say what chose each value.'),
    )),
    'config get': ("Show a setting's value", (
        ('KEY', False, False, (), 'The setting: shop config list; a terminal asks.'),
    ), ()),
    'config set': ('Change a setting', (
        ('KEY', False, False, (), 'The setting: shop config list; a terminal asks.'),
        ('VALUE', False, False, (), 'The new value; a terminal asks.'),
    ), (
        (('--for',), 'NAME', False, (), 'Only for the commands of this profile.'),
    )),
    'config unset': ("Go back to a setting's default", (
        ('KEY', False, False, (), 'The setting: shop config list; a terminal asks.'),
    ), (
        (('--for',), 'NAME', False, (), 'Only for the commands of this profile.'),
    )),
    'config path': ('Show where the settings are kept', (), ()),
    'alias list': ('List your names for commands', (), ()),
    'alias set': ('Give a command a name', (
        ('ALIAS', False, False, (), 'Its name, one word.'),
        ('COMMAND', False, False, (), 'What it stands for, in quotes.'),
    ), ()),
    'alias delete': ('Forget a name', (
        ('ALIAS', False, False, (), 'Its name, one word.'),
    ), ()),
    'demo list': ('List the scenarios that come with shop', (), ()),
    'demo run': ('Play scenarios', (
        ('NAME|FILE', True, False, (), 'shop demo list has the names.'),
    ), (
        (('--serve',), '', False, (), 'Play at five services, served for each scenario.'),
        (('--step',), '', False, (), 'Enter runs each command.'),
        (('--via',), 'FACE', False, (), 'cli, or tui: by keys in the full-screen shop.'),
        (('--speed',), 'X', False, (), '2 types and waits half as long.'),
        (('--record',), 'FILE', True, (), 'Keep it: .cast, .svg or .txt.'),
        (('--report',), 'FILE', True, (), 'Keep results: .xml (JUnit) or .json.'),
    )),
    'demo check': ('Say whether scenarios are written in their language', (
        ('NAME|FILE', True, False, (), 'shop demo list has the names.'),
    ), ()),
    'tui': ('Shop on the whole screen', (), (
        (('--open',), 'PAGE', False, (), 'browse, cart, orders, account or health.'),
    )),
    'shell': ('Run commands one after the other at one open shop', (), (
        (('-e', '--exit-on-error'), '', False, (), 'Leave at the first command that fails, with its exit code.'),
    )),
    'serve': ('Serve a shop on this computer', (), (
        (('--port',), 'N', False, (), "The gateway's port; 0 takes any."),
        (('--data',), 'DIR', False, (), "Where the shop's data is."),
        (('--services',), 'A,B', False, (), 'Only these; the others are not there.'),
        (('--replicas',), 'A=N', False, (), 'Several processes of a service (PostgreSQL).'),
        (('--gateway',), 'KIND', False, (), 'python or nginx.'),
        (('--faults',), '', False, (), 'Let the owner inject faults.'),
    )),
    'doctor': ('Look for what is wrong, and say what mends it', (), ()),
    'completion': ('Print the script that lets TAB complete', (
        ('SHELL', False, False, (), 'bash, zsh or fish (default: the one in $SHELL).'),
    ), ()),
    'help': ('Explain a command or a topic', (
        ('TOPIC', True, False, (), 'A topic, or a command.'),
    ), ()),
}
