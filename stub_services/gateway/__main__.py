"""`python -m stub_services.gateway [nginx]`: settings come from the environment alone."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from backends.errors import ConfigurationError, ShopError
from backends.interface import SERVICES
from stub_services.gateway.routes import GATEWAY
from stub_services.wire.log import Log, capture_logging

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application


def _urls(environment: Mapping[str, str]) -> dict[str, str]:
    names = {service: f"SHOP_{service.upper()}_URL" for service in SERVICES}
    missing = [name for name in names.values() if not environment.get(name, "").startswith("http://")]
    if missing:
        msg = f"{', '.join(missing)}: where the services are, such as http://127.0.0.1:8101"
        raise ConfigurationError(msg, hint="shop serve", service=GATEWAY)
    return {service: environment[name] for service, name in names.items()}


def _serve(urls: Mapping[str, str], environment: Mapping[str, str], log: Log) -> None:
    from stub_services.gateway.proxy import Gateway
    from stub_services.wire import serving

    listener = serving.listening(environment.get("SHOP_LISTEN", "127.0.0.1:8080"))
    gateway, ready = Gateway(urls, log), lambda: log.say("info", "ready")
    file, token = environment.get("SHOP_FAULTS_FILE"), environment.get("SHOP_FAULTS_TOKEN")
    if file and token:
        from stub_services.faults import FaultFile, Faults
        from stub_services.gateway.faulty import faulty
        from stub_services.wire.dropping import DroppingProtocol

        misbehaving = faulty(gateway, Faults(FaultFile(Path(file))), token)
        serving.run(
            cast("ASGI3Application", misbehaving), listener, service=GATEWAY, ready=ready, protocol=DroppingProtocol
        )
    else:
        serving.run(gateway, listener, service=GATEWAY, ready=ready)


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Serve until SIGTERM; return the exit code."""
    log = Log(GATEWAY)
    capture_logging(log)
    try:
        urls = _urls(environment)
        if arguments == ["nginx"]:
            from stub_services.gateway import nginx
            from stub_services.wire import serving

            listener = serving.listening(environment.get("SHOP_LISTEN", "127.0.0.1:8080"))
            return nginx.run(listener, urls, Path(environment.get("SHOP_DATA", ".")), log)
        _serve(urls, environment, log)
    except ShopError as error:
        log.say("error", "failed", error=error.message)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
