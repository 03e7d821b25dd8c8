"""What each process starts with: it takes its listening socket and ends when its supervisor does.

`python -m stub_services.supervisor.leash FD MODULE ARGUMENTS...` makes descriptor FD number 3 (`SHOP_LISTEN=fd:3`) and
runs MODULE as `python -m` would. Its standard input is a pipe that only the supervisor holds open, so the end of the
file means that the supervisor is gone, `kill -9` included; unlike Linux's PR_SET_PDEATHSIG that works everywhere.
"""

import os
import runpy
import signal
import sys
import threading
import time

LISTENER = 3
GRACE_SECONDS = 5.0


def _end_with_supervisor() -> None:
    while os.read(sys.__stdin__.fileno() if sys.__stdin__ else 0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with all that it started: the supervisor makes each process a group
    os._exit(os.EX_UNAVAILABLE)


def main(descriptor: str, module: str, *arguments: str) -> None:
    """Become `module`."""
    if int(descriptor) != LISTENER:
        os.dup2(int(descriptor), LISTENER, inheritable=False)
        os.close(int(descriptor))
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
