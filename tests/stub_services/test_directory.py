"""A shop in a directory, and one in memory, as they are opened."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from backends import Card, MemorySessions, ProductQuery, open_backend
from backends.conformance.goods import LAST
from backends.errors import ConfigurationError
from tests.conftest import VirtualClock, countable_ids

_OPEN = """
import asyncio, sys
from backends import ProductQuery, open_backend
async def main():
    backend = open_backend("sqlite:" + sys.argv[1])
    print((await backend.products.list(ProductQuery(), 1)).total, {h.status for h in await backend.health()})
asyncio.run(main())
"""


def test_processes_that_start_together_share_one_shop(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPEN, str(tmp_path / "shop")]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) for _ in range(3)]
    answers = {process.communicate(timeout=50)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(answers) == 1
    assert answers.pop().endswith("{'up'}")


# --- the backend on top --------------------------------------------------------------------------


async def test_health_never_raises(tmp_path: Path) -> None:
    (tmp_path / "carts.db").mkdir()
    (tmp_path / "orders.db").write_bytes(b"garbage" * 500)
    with sqlite3.connect(tmp_path / "users.db") as other:
        other.execute("CREATE TABLE users (somebody, elses)")
    other.close()
    backend = open_backend(f"sqlite:{tmp_path}")
    health = {each.service: each.status for each in await backend.health()}
    assert health == {"users": "down", "products": "up", "carts": "down", "orders": "down", "payments": "up"}
    await backend.aclose()


def test_a_url_without_a_directory() -> None:
    with pytest.raises(ConfigurationError):
        open_backend("sqlite:")


def test_opening_touches_no_file(tmp_path: Path) -> None:
    open_backend(f"sqlite:{tmp_path / 'shop'}", sessions=MemorySessions(), clock=VirtualClock(), ids=countable_ids())
    assert list(tmp_path.iterdir()) == []


def test_a_memory_shop_starts_with_the_catalog_that_comes_with_it() -> None:
    async def total() -> int | None:
        backend = open_backend("memory:")
        try:
            return (await backend.products.list(ProductQuery(), 1)).total
        finally:
            await backend.aclose()

    assert asyncio.run(total()) == 156


_BUY = """
import asyncio, sys
from datetime import UTC, datetime
from uuid import uuid4
from backends import Address, CheckoutAttempt, open_backend
async def main():
    backend, name = open_backend("sqlite:" + sys.argv[1]), sys.argv[2]
    await backend.users.signup(name, name + "@example.org", "long enough")
    await backend.users.login(name + "@example.org", "long enough")
    await backend.carts.add("last/standard", 1)
    await backend.carts.set_address(Address("home", name, "Street 1", "Town", "12345", "DE"), name + "@example.org")
    cart = await backend.carts.set_shipping("standard")
    print("ready", flush=True)
    sys.stdin.readline()
    order = await backend.orders.place(CheckoutAttempt(str(uuid4()), cart.id, cart.version, cart.totals.total,
        cart.address, "standard", datetime.now(UTC)))
    payment = await backend.payments.pay(order.id, "tok_visa", str(uuid4()))
    print(order.status, payment.status)
asyncio.run(main())
"""


def test_processes_that_buy_the_last_piece_together_sell_it_once(tmp_path: Path) -> None:
    directory, root = str(tmp_path / "shop"), Path(__file__).parents[2]
    asyncio.run(_stocked(directory))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _BUY, directory, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,
            text=True,
        )
        for name in ("ada", "ben", "eve")
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = sorted(process.communicate("go\n", timeout=50)[0].strip() for process in started)
    assert answers == ["awaiting_payment settled", "rejected refused", "rejected refused"]


async def _stocked(directory: str) -> None:
    backend = open_backend(f"sqlite:{directory}")
    assert backend.admin is not None
    await backend.admin.import_catalog((LAST,))
    await backend.aclose()


async def test_no_secret_reaches_a_file(tmp_path: Path) -> None:
    sessions = MemorySessions()
    backend = open_backend(f"sqlite:{tmp_path}", sessions=sessions, clock=VirtualClock(), ids=countable_ids())
    await backend.users.signup("Ada", "ada@example.org", "open sesame 123")
    await backend.users.login("ada@example.org", "open sesame 123")
    await backend.payments.tokenize(Card("4242424242424242", 12, 2030, "987"))
    for secret in ("open sesame 123", "4242424242424242", sessions.read()["token"]):
        assert _files_with(secret, tmp_path) == []
    await backend.aclose()


def _files_with(secret: str, directory: Path) -> list[str]:
    return [file.name for file in sorted(directory.iterdir()) if secret.encode() in file.read_bytes()]
