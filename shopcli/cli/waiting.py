"""A word to the person when an action takes longer than a moment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from shopcli.cli.options import Options, is_terminal

PATIENCE_SECONDS = 1.0


@contextmanager
def patience(options: Options) -> Iterator[None]:
    """Say on the terminal that the shop has not answered yet, once, after a second."""
    if options.quiet or not is_terminal(sys.stderr):
        yield
        return
    word = f"waiting for the shop, {options.timeout:g} s at the most ..."
    timer = Timer(PATIENCE_SECONDS, print, (word,), {"file": sys.stderr})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
