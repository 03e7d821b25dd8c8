"""`python -m shopcli` is `shop`."""

import sys

try:
    from shopcli.cli.main import main

    main()
except KeyboardInterrupt:  # before there was anything to cancel
    sys.exit(130)
