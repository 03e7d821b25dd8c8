"""`python -m shopcli` is `shop`."""

from shopcli.cli.main import main

main()
