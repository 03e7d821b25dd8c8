"""`shop services reconcile`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Run

_SLUG = "canon-ef-50mm-f1-8-stm"


def _bought(ada: Run) -> None:
    ada("cart", "add", _SLUG)
    assert ada("checkout", "--pay", "tok_visa", "--yes").code == 0


def test_books_that_agree_say_how_much_was_paid(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _bought(ada)
    order = ada("orders", "show", "@last", "--json").json
    found = ada("services", "reconcile", "--json")

    assert found.code == 0
    assert found.json == {"orders": 1, "under_way": 0, "settled": [order["totals"]["total"]], "differences": []}
    assert ada("services", "reconcile").out == ""
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    assert ada("services", "reconcile").out.endswith("the books agree\n")


def test_books_that_differ_name_order_and_service(ada: Run, tmp_path: Path) -> None:
    _bought(ada)
    with sqlite3.connect(tmp_path / "data" / "local" / "products.db") as database:
        database.execute("UPDATE reservations SET state = 'released'")
    database.close()
    found = ada("services", "reconcile")

    assert (found.code, found.rows) == (1, [["1001", "products", "sold (the order is paid)", "released"]])
    assert ada("services", "reconcile", "--json").error["code"] == "books_differ"


def test_a_shop_that_is_somebody_elses_shows_no_books(run: Run) -> None:
    found = run("--backend", "http://127.0.0.1:9", "services", "reconcile", "--json")

    assert (found.code, found.error["code"]) == (12, "unsupported")
