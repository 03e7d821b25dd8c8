"""`python -m shopcli.demo.leashed ARGUMENTS...` is `shop ARGUMENTS...` that ends when its standard input does.

That is a pipe which only the process that started it holds open, so that its end, `kill -9` included, ends this too.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 10.0


def _end_with_the_pipe() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(os.EX_UNAVAILABLE)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    sys.argv[0] = "shop"
    runpy.run_module("shopcli", run_name="__main__")
