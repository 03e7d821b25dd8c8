"""TAB at a shop beyond a network: what was said a moment ago is not asked for again."""

from __future__ import annotations

import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from backends.models import ProductQuery
from shopcli.cli.completing import naming, recent
from shopcli.cli.completing.words import MORE, Candidate, candidates
from shopcli.core.shop import Shop, open_shop
from shopcli.core.stepping import run as step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LENS = "sigma-35-f2"
FAR = "http://shop.example"
NOW = 1_800_000_000.0


class Asked(list[str]):
    """The letters for which a shop was asked, and that shop."""

    shop: Shop

    def offers(self, *words: str) -> list[str]:
        *before, word = words
        return [each.text for each in candidates(before, word, shop=self.shop)]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """A shop that says that it is far away."""
    asked, inner = Asked(), naming.ask

    def ask(asking: Any, part: str, shop: Shop, **stays: bool) -> list[Candidate]:  # noqa: ANN401
        asked.append(part)
        return inner(asking, part, shop, **stays)

    monkeypatch.setattr(naming, "ask", ask)
    monkeypatch.setattr(recent, "time", SimpleNamespace(time=lambda: NOW))
    near = open_shop("memory:")
    asked.shop = _at(FAR, tmp_path / "profile", near)
    asked.shop.directory.mkdir()
    yield asked
    step(near.backend, near.aclose())


def _at(url: str, directory: Path, near: Shop) -> Shop:
    shop = Shop(url, directory)
    shop.__dict__["backend"] = near.backend
    return shop


def test_the_same_letters_and_more_of_them_are_asked_for_once(asked: Asked) -> None:
    first = asked.offers("cart", "add", "sigma-3")

    assert asked.offers("cart", "add", "sigma-3") == first
    assert asked.offers("cart", "add", "sigma-35") == [ref for ref in first if ref.startswith("sigma-35")] != []
    assert asked.offers("cart", "add", f"{LENS}/so") == [f"{LENS}/sony-e"]
    assert asked == ["sigma-3"]


def test_fewer_letters_are_asked_for(asked: Asked) -> None:
    few = asked.offers("products", "show", LENS)
    more = asked.offers("products", "show", "sigma-")

    assert asked == [LENS, "sigma-"]
    assert set(few) < set(more)


def test_what_was_not_all_answers_the_same_letters_only(asked: Asked) -> None:
    found = asked.offers("products", "show", "s")
    assert found[-1] == f"s{MORE}"

    assert asked.offers("products", "show", "s") == found
    assert asked.offers("products", "show", "sigma-35") == [LENS]
    assert asked == ["s", "sigma-35"]


@pytest.mark.parametrize(("later", "times"), [(0, 1), (59, 1), (60, 2), (-1, 2)])
def test_an_answer_is_good_for_a_minute(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, later: float, times: int
) -> None:
    asked.offers("products", "list", "--category", "")
    monkeypatch.setattr(recent, "time", SimpleNamespace(time=lambda: NOW + later))

    assert "macro-lenses" in asked.offers("products", "list", "--category", "")
    assert len(asked) == times


def test_what_changes_by_what_a_person_does_is_asked_for_each_time(asked: Asked) -> None:
    backend = asked.shop.backend
    product = step(backend, backend.products.get(LENS))
    assert asked.offers("cart", "remove", "") == []
    step(backend, backend.carts.add(product.variants[0].id, 1))

    assert asked.offers("cart", "remove", "") == [product.variants[0].ref]
    asked.offers("orders", "show", "")
    asked.offers("orders", "show", "")
    assert len(asked) == 4


def test_how_many_pieces_there_are_is_asked_for(asked: Asked) -> None:
    asked.offers("cart", "add", f"{LENS}/sony-e")

    assert f"{LENS}/sony-e:2" in asked.offers("cart", "add", f"{LENS}/sony-e:")
    assert asked == [f"{LENS}/sony-e", f"{LENS}/sony-e:"]


def test_nothing_found_is_asked_for_again(asked: Asked) -> None:
    assert asked.offers("products", "show", "zzz") == asked.offers("products", "show", "zzz") == []
    assert asked == ["zzz", "zzz"]


def test_another_shop_is_asked_itself(asked: Asked, tmp_path: Path) -> None:
    asked.offers("products", "show", LENS)
    asked.shop = _at("https://other.example", asked.shop.directory, asked.shop)

    assert asked.offers("products", "show", LENS) == [LENS]
    assert asked == [LENS, LENS]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"a": 1}', '{"a": [1]}', "null", f'{{"{FAR} PRODUCT {LENS}": [0, 5]}}']
)
def test_a_file_that_is_none_of_ours_is_replaced(asked: Asked, content: str) -> None:
    file = asked.shop.directory / "completion.json"
    file.write_text(content, "utf-8")
    file.chmod(0o600)

    for _ in range(2):
        assert asked.offers("products", "show", LENS) == [LENS]
    assert asked == [LENS]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_others_may_write_says_nothing(asked: Asked) -> None:
    asked.offers("products", "show", LENS)
    (asked.shop.directory / "completion.json").chmod(0o622)

    assert asked.offers("products", "show", LENS) == [LENS]
    assert asked == [LENS, LENS]


def test_no_directory_is_made(asked: Asked) -> None:
    asked.shop.directory.rmdir()

    assert asked.offers("products", "show", LENS) == asked.offers("products", "show", LENS) == [LENS]
    assert asked == [LENS, LENS]
    assert not asked.shop.directory.exists()


def test_the_newest_answers_are_kept_as_far_as_the_file_is_read(asked: Asked) -> None:
    long = [Candidate(f"{LENS}-{n}", "…" * 60) for n in range(50)]
    for number in range(9):
        recent.keep(asked.shop, "PRODUCT", f"s{number}", long)
    assert [recent.recalled(asked.shop, "PRODUCT", f"s{number}") is not None for number in range(9)] == [
        *[False] * 7,
        *[True] * 2,
    ]

    recent.keep(asked.shop, "PRODUCT", "all", long * 10)
    assert recent.recalled(asked.shop, "PRODUCT", "all") is None


def test_a_shop_in_process_leaves_nothing(tmp_path: Path) -> None:
    shop = open_shop(f"sqlite:{tmp_path / 'own'}")
    step(shop.backend, shop.backend.products.list(ProductQuery(), 1))
    shop.directory.mkdir(parents=True, exist_ok=True)

    assert [each.text for each in candidates(["products", "show"], LENS, shop=shop)] == [LENS]
    assert not (shop.directory / "completion.json").exists()
    step(shop.backend, shop.aclose())
