"""`shop services reconcile`."""

from __future__ import annotations

import json
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
    piped = ada("services", "reconcile")
    assert (piped.out, piped.err) == ("", "the books agree\n")
    assert ada("services", "reconcile", "-q").err == ""
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    found = ada("services", "reconcile")
    assert found.out.endswith("the books agree\n")
    assert found.err == ""


def test_books_that_differ_name_order_and_service(ada: Run, tmp_path: Path) -> None:
    _bought(ada)
    _change(tmp_path, "orders", "UPDATE lines SET quantity = 2")
    found = ada("services", "reconcile")

    assert found.code == 1
    assert found.rows == [
        ["1001", "carts", "2 pieces", "1 pieces", "paid", ""],
        ["1001", "products", "2 pieces", "1 pieces", "paid", ""],
    ]
    assert "→" not in found.err
    assert ada("services", "reconcile", "--json").error["code"] == "books_differ"


def test_a_table_keeps_what_tells_its_rows_apart(ada: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _bought(ada)
    _change(tmp_path, "processor", "UPDATE charges SET refunded = 1")
    charge = (
        "INSERT INTO charges (reference, state, amount, currency, created_at) VALUES (?, 'captured', 10490, 'EUR', 1)"
    )
    lost = [f"0123456{digit}-89ab-4def-8123-456789abcdef" for digit in "78"] + ["01234567-99ab-4def-8123-456789abcdef"]
    for reference in (*lost, "ours"):
        _change(tmp_path, "processor", charge, reference)
    _change(tmp_path, "orders", "DELETE FROM orders")
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("COLUMNS", "80")
    found = ada("services", "reconcile")
    assert found.err.endswith("the books differ in 8 places\n→ shop services reconcile --json\n")
    told = [line.split() for line in found.out.splitlines()[-4:]]
    assert told == [
        ["payments", about, "no", "charge", "104.90", "EUR", "kept"]
        for about in ("01234567-8…", "01234567-9…", "01234568-8…", "ours")
    ]
    assert "  123.89 EUR" in found.out


def _change(tmp_path: Path, book: str, change: str, *values: str) -> None:
    with sqlite3.connect(tmp_path / "data" / "local" / f"{book}.db") as database:
        assert database.execute(change, values).rowcount
    database.close()


def test_a_shop_that_is_somebody_elses_shows_no_books(run: Run) -> None:
    found = run("--backend", "http://127.0.0.1:9", "services", "reconcile", "--json")

    assert (found.code, found.error["code"]) == (12, "unsupported")


def test_an_owner_whose_keys_are_gone_is_told_so(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "owner.json"
    url = "http://127.0.0.1:8080"
    keys.write_text(json.dumps({"gateway": url}))
    keys.chmod(0o600)
    assert run("profile", "create", "mine", url, "--owner", str(keys)).code == 0
    keys.unlink()
    found = run("--profile", "mine", "services", "reconcile", "--json")

    assert (found.code, found.error["hint"]) == (10, f"shop serve --port 8080 --data {tmp_path}")
    assert "the owner's keys are not in" in found.error["message"]
