"""`python -m shopcli.cli.manual docs` writes the documentation of all commands."""

import sys

from shopcli.cli.manual.pages import main

main(*sys.argv[1:])
