import asyncio
from pathlib import Path

import pytest

from backends import BookEntry
from backends.conformance.clock import VirtualClock, countable_ids
from backends.conformance.goods import GOODS
from backends.conformance.test_books import *
from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from stub_services import books
from tests.five import ORIGIN, Five, Gateway, owner_sessions


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three orders are more than a page, of whatever shop is in this process."""
    monkeypatch.setattr(books, "ORDERS", 2)


def test_what_belongs_to_no_order_is_told_over_http_too(runner: asyncio.Runner, tmp_path: Path) -> None:
    clock, ids = VirtualClock(), countable_ids()
    five = Five(clock, ids)
    runner.run(five.start())
    admin = HttpBackend(ORIGIN, owner_sessions(tmp_path), Outside(clock, ids, lambda: Gateway(five))).admin
    assert admin is not None
    runner.run(admin.import_catalog(GOODS))

    async def miscount() -> None:
        async with five.databases["processor"].write() as sql:
            await sql.run("INSERT INTO charges VALUES (1, 'p', 'captured', 900, 'EUR', 0, 1)")
        async with five.databases["products"].write() as sql:
            await sql.run("UPDATE variants SET sold = 1 WHERE id = 'tripod/standard'")

    runner.run(miscount())
    told = [entry for service in ("payments", "products") for entry in runner.run(admin.books(service)).items]
    assert told == [
        BookEntry("payments", None, "p", "unknown", kept=900, currency="EUR"),
        BookEntry("products", None, "tripod/standard", "sold", 0, counted=1),
    ]
