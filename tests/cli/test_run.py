"""A run of `shop` against a shop that suspends: one event loop from its first action to its end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import pytest

from backends import Address, CheckoutAttempt, Money
from backends.errors import LoginRequired, NotFound
from backends.registry import BACKENDS, open_backend, system_clock
from shopcli.core.intents import Placing
from shopcli.core.shop import open_shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.interface import Backend
    from backends.models import Cart
    from tests.cli.conftest import Run


class Remote:
    """The shop in memory as if a wire lay between: every call suspends, and one task keeps the connection alive."""

    suspends = True

    def __init__(self) -> None:
        self.shop: Backend = open_backend("memory:")
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.connection: asyncio.Task[bool] | None = None
        self.calls = 0
        self.closed_on: asyncio.AbstractEventLoop | None = None
        self.users = self
        self.carts = self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - it stands for the shop
        return getattr(self.shop, name)

    async def go(self) -> None:
        self.loops.add(asyncio.get_running_loop())
        self.connection = self.connection or asyncio.create_task(asyncio.Event().wait())
        assert not self.connection.done()
        self.calls += 1
        await asyncio.sleep(0)

    async def me(self) -> None:
        await self.go()
        raise LoginRequired("nobody")

    async def view(self) -> Cart:
        await self.go()
        return await self.shop.carts.view()

    async def aclose(self) -> None:
        self.closed_on = asyncio.get_running_loop()
        if self.connection is not None:
            self.connection.cancel()


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Remote:
    made = Remote()

    def opened(*_: object, **__: object) -> Remote:
        return made

    monkeypatch.setitem(BACKENDS, "remote", f"{__name__}:opened")
    monkeypatch.setattr(
        "backends.registry.import_module", lambda _: type("Module", (), {"opened": staticmethod(opened)})
    )
    return made


def test_connections_live_across_the_actions_of_a_command(run: Run, remote: Remote) -> None:
    result = run("--backend", "remote:")

    assert result.code == 0, result.err
    assert remote.calls == 2
    assert len(remote.loops) == 1
    assert remote.closed_on in remote.loops
    assert remote.closed_on is not None
    assert remote.closed_on.is_closed()


def _interrupting(remote: Remote) -> Callable[[], Any]:
    async def interrupted() -> None:
        await remote.go()
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    return interrupted


def test_ctrl_c_says_what_it_says_and_closes_the_shop(
    run: Run, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "me", _interrupting(remote))
    result = run("--backend", "remote:", "whoami")

    assert (result.code, result.err) == (130, "✗ cancelled, nothing was changed\n")
    assert remote.closed_on in remote.loops


def test_an_error_closes_the_shop_on_its_loop(run: Run, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing() -> None:
        await remote.go()
        raise NotFound("gone")

    monkeypatch.setattr(remote, "me", missing)

    assert run("--backend", "remote:", "whoami").code == 3
    assert remote.closed_on in remote.loops


def test_what_belongs_to_another_account_is_said_and_not_called_finished(run: Run) -> None:
    """A checkout that somebody left unfinished, who then logged out."""
    shop, address = open_shop(), Address("home", "Ada", "Weg 1", "Berlin", "10115", "DE")
    attempt = CheckoutAttempt(
        "0b0f0b0e-0000-4000-8000-000000000001", "c", 1, Money.of_minor(1, "EUR"), address, "standard", system_clock()
    )
    shop.journal.record(Placing(attempt, "somebody-else"))
    shop.close_journal()
    result = run("orders", "resume")
    assert result.code == 4
    assert "1 checkout is unfinished and belongs to another account" in result.err
    assert "no checkout is unfinished" not in result.err
