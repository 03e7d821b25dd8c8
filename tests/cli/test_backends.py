"""`shop backends list` and `shop backends show`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from backends import Capability
from shopcli.core.kinds import MEANING
from tests.plugins import CORNER, plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run

_OWN = ["http", "https", "memory", "sqlite"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with a plug-in that works and one that does not."""
    plant(tmp_path, "corner-shop", "corner = corner_shop:open_corner", summary="The corner", corner_shop=CORNER)
    plant(tmp_path, "broken-shop", "broken = broken_shop:open_it", broken_shop="raise RuntimeError('no\\x1b[31m luck')")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("corner_shop", None)


def test_what_is_built_in_is_listed(run: Run, tmp_path: Path) -> None:
    result = run("backends", "list", "--json")

    assert (result.code, result.err) == (0, "")
    assert [item["scheme"] for item in result.json["items"]] == _OWN
    assert result.json["items"][2] == {
        "scheme": "memory",
        "about": "a shop in memory, for one command",
        "distribution": None,
        "version": None,
        "state": "ok",
        "reason": None,
    }
    assert run("backends", "list", "-o", "id").out.split() == _OWN
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("site")
def test_plug_ins_are_listed_with_their_state(run: Run) -> None:
    result = run("backends", "list")

    why = "it cannot be imported: RuntimeError: no�[31m luck"
    assert result.code == 0
    assert result.rows[4:] == [
        ["broken", "", "broken-shop 1.2", "broken", why],
        ["corner", "The corner", "corner-shop 1.2", "ok", ""],
    ]
    assert result.err == f"! broken: is broken (broken-shop 1.2): {why}\n"


@pytest.mark.usefixtures("site")
def test_a_broken_plug_in_is_named_where_it_is_used_and_stops_nobody_else(run: Run) -> None:
    broken = run("products", "list", "--backend", "broken://x", "--json")

    assert (broken.code, broken.error["hint"]) == (12, "shop --backend broken://x doctor")
    assert "(broken-shop 1.2)" in broken.error["message"]
    assert run("products", "list").code == 0
    assert run("services", "status", "--backend", "corner://x").rows == [["products", "up", "", "", ""]]


@pytest.mark.usefixtures("site")
def test_a_plug_ins_shop_can_have_a_name(run: Run) -> None:
    made = run("profile", "create", "mine", "corner://x/Street", "--use")

    assert (made.code, made.rows[0][2]) == (0, "corner://x/Street")
    assert run("backends", "show", "--json").json["backend"] == "corner://x/Street"
    assert run("profile", "create", "other", "broken://x").code == 12
    assert "known: broken:, corner:, http:" in run("profile", "create", "other", "gopher:x").err


def test_what_the_shop_in_use_can_do(run: Run, tmp_path: Path) -> None:
    result = run("backends", "show", "--json")

    assert result.json["backend"] == f"sqlite:{tmp_path / 'data' / 'local'}"
    assert [item["capability"] for item in result.json["capabilities"]] == list(Capability)
    assert {item["capability"] for item in result.json["capabilities"] if not item["able"]} == {"guest_checkout"}
    assert run("backends", "show").rows[0] == ["guest_cart", "yes", "a cart can be filled without an account"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("url", "name", "lacks"),
    [
        ("memory:", "memory:", "guest_checkout"),
        ("memory", "memory:", "guest_checkout"),
        ("http", "http://127.0.0.1", "faults"),
        ("HTTPS://shop.example:443/", "https://shop.example", "faults"),
        ("corner", "corner:", "login"),
        ("corner://x", "corner://x", "login"),
    ],
)
def test_what_another_shop_can_do(run: Run, url: str, name: str, lacks: str) -> None:
    shown = run("backends", "show", url, "--json")

    assert (shown.code, shown.json["backend"]) == (0, name)
    assert {"capability": lacks, "able": False, "meaning": MEANING[Capability(lacks)]} in shown.json["capabilities"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("gopher", "shop backends list"),
        ("broken", "shop doctor"),
        ("x:y", "shop backends list"),
    ],
)
def test_what_nobody_serves_cannot_be_shown(run: Run, url: str, hint: str) -> None:
    result = run("backends", "show", url, "--json")

    assert (result.code, result.error["hint"]) == (12, hint)


def test_a_plug_in_that_needs_more_than_a_scheme(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from backends.errors import ConfigurationError\ndef open_it(url, **_): raise ConfigurationError('which?')"
    plant(tmp_path, "shy-shop", "shy = shy_shop:open_it", shy_shop=source)
    monkeypatch.syspath_prepend(tmp_path)

    result = run("backends", "show", "shy", "--json")

    assert (result.error["message"], result.error["hint"]) == ("which?", "shop backends show shy:ADDRESS")


def test_it_fits_a_terminal_of_80_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("COLUMNS", "80")

    assert "…" not in run("backends", "show", "memory").out + run("backends", "list").out


def test_each_capability_has_its_words() -> None:
    assert set(MEANING) == set(Capability)


@pytest.mark.parametrize(
    ("answer", "whose"),
    [
        ('{}["price"]', "is broken (corner-shop 1.2): KeyError at corner_shop.py:"),
        ("[]", "is broken (corner-shop 1.2), or shop is: AttributeError at "),
    ],
)
def test_a_plug_ins_bug_is_not_called_one_of_shop(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, whose: str
) -> None:
    listing = (
        f"\n\nclass Goods:\n    async def list(self, *_):\n        return {answer}\n\n\nCorner.products = Goods()\n"
    )
    plant(tmp_path, "corner-shop", "corner = corner_shop:open_corner", corner_shop=CORNER + listing)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "corner_shop", raising=False)

    result = run("--backend", "corner://a", "products", "list", "--json")

    monkeypatch.delitem(sys.modules, "corner_shop")
    assert (result.code, result.error["code"], result.error["outcome"]) == (1, "internal", "unknown")
    assert result.error["message"].startswith(f"the plug-in for corner: {whose}")
    assert result.error["hint"].endswith("shop backends check corner://a")
