"""Logging each call of a backend for `-v`: which one and how long, never what it carried."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from backends.interface import SERVICES, Backend
from shopcli.cli.run import log

_MILLISECONDS = 1000


class _WatchedService:
    def __init__(self, name: str, service: object, wanted: Callable[[], bool]) -> None:
        self._name = name
        self._service = service
        self._wanted = wanted

    def __getattr__(self, method: str) -> Callable[..., Awaitable[object]]:
        call = getattr(self._service, method)

        async def timed(*arguments: object, **options: object) -> object:
            began = time.perf_counter()
            try:
                return await call(*arguments, **options)
            finally:
                if self._wanted():
                    log(f"{self._name}.{method} {(time.perf_counter() - began) * _MILLISECONDS:.1f} ms")

        return timed


class _WatchedBackend:
    def __init__(self, backend: Backend, wanted: Callable[[], bool]) -> None:
        self._backend = backend
        self._services = {name: _WatchedService(name, getattr(backend, name), wanted) for name in SERVICES}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - it stands for any attribute
        return self._services.get(name) or getattr(self._backend, name)


def watched(backend: Backend, *, wanted: Callable[[], bool] = lambda: True) -> Backend:
    """Return a backend that does the same and logs each call that is `wanted`."""
    return cast("Backend", _WatchedBackend(backend, wanted))
