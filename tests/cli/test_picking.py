"""Pickers on a real terminal: searching, choosing, leaving."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.cli.hostile import STORABLE, acting
from tests.cli.person import (
    CTRL_C,
    CTRL_D,
    CTRL_G,
    CTRL_N,
    CTRL_P,
    CTRL_U,
    DOWN,
    ENTER,
    ESC,
    PAGE_DOWN,
    SIZES,
    UP,
    Person,
)
from tests.cli.test_hostile import _import, _only_hostile, _product
from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Asked, Run

_ROOT = Path(__file__).parents[2]
_COLOR = re.compile(r"\x1b\[[0-9;]*(?<![0-9])[349][0-9](?:;[0-9]+)*m")
_CANCELLED = ["✗", "cancelled,", "nothing", "was", "changed"]
_LENS = "canon-ef-50mm-f1-8-stm"


# --- searching and choosing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_a_product_is_searched_and_its_variant_chosen(run: Run, person: Asked, size: tuple[int, int]) -> None:
    somebody = person("cart", "add", size=size).sees("Product:", "1/50 of 156")
    somebody.types("sigma 35").marks("Sigma 35mm F2 DG DN").types(ENTER)
    somebody.sees("Variant:").marks("sony-e").types("mount").marks("l-mount").types(ENTER)

    assert somebody.ends() == 0
    assert [line["ref"] for line in run("cart", "show", "--json").json["lines"]] == ["sigma-35-f2/l-mount"]
    assert "Product: Sigma 35mm F2 DG DN" in somebody.text
    assert "Variant: l-mount" in somebody.text
    assert "esc cancels" not in somebody.text


def test_enter_takes_what_was_typed_and_not_what_stood_there_before(run: Run, person: Asked) -> None:
    somebody = person("cart", "add").sees("1/50 of 156")
    somebody.types(f"ef 50mm f/1.8{ENTER}")

    assert somebody.ends() == 0
    assert [line["ref"] for line in run("cart", "show", "--json").json["lines"]] == [_LENS]


def test_an_arrow_during_a_search_withdraws_enter_and_the_best_is_marked_whatever_was(person: Asked) -> None:
    somebody = person("products", "show").sees("1/50 of 156").types(DOWN * 3).sees("\n4/50 of 156")
    somebody.types(f"sigma 35{ENTER}{DOWN}").marks("Sigma 35mm F2 DG DN").sees("\n1/2").types(DOWN).sees("\n2/2")
    somebody.types(ENTER)

    assert somebody.ends() == 0


def test_a_variant_that_was_not_named_is_asked_for(run: Run, person: Asked) -> None:
    somebody = person("cart", "add", f"{_LENS}:2", "sigma-35-f2:3").sees("Variant:", "in stock").types(ENTER)

    assert somebody.ends() == 0
    lines = run("cart", "show", "--json").json["lines"]
    assert [(line["ref"], line["quantity"]) for line in lines] == [(_LENS, 2), ("sigma-35-f2/sony-e", 3)]


@pytest.mark.parametrize("size", SIZES)
def test_arrows_pages_and_their_letters_move_the_mark(person: Asked, size: tuple[int, int]) -> None:
    somebody = person("products", "show", size=size).marks("Canon EF 100mm")
    for key, place in (
        (DOWN, 2),
        (CTRL_N, 3),
        (UP, 2),
        (CTRL_P, 1),
        (UP, 50),
        (DOWN, 1),
        (PAGE_DOWN, 1 + min(10, size[1] - 3)),
        (PAGE_DOWN * 20, 50),
    ):
        somebody.types(key).sees(f"\n{place}/50 of 156 ")
    taken = somebody.marked.partition("  ")[0][:15]
    somebody.types(ENTER)

    assert somebody.ends() == 0
    assert taken in somebody.text
    assert " of 156" not in somebody.text


@pytest.mark.parametrize("size", [*SIZES, (20, 6)])
@pytest.mark.parametrize("key", [ESC, CTRL_C, CTRL_D, CTRL_G], ids=["esc", "c", "d", "g"])
def test_leaving_changes_nothing_and_leaves_nothing(run: Run, person: Asked, size: tuple[int, int], key: str) -> None:
    somebody = person("cart", "add", size=size, NO_COLOR="1").sees("Product:", "1/50 of 156").types("sigma")
    somebody.marks("Sigma").types(key)

    assert somebody.ends() == 130
    assert somebody.text.split() == _CANCELLED
    assert run("cart", "show", "--json").json["lines"] == []


def test_enter_where_nothing_matches_waits_for_another_word(person: Asked) -> None:
    somebody = person("cart", "add").sees("1/50 of 156").types("zzzz").sees("nothing matches").types(ENTER)
    somebody.types(f"{CTRL_U}nikon").marks("Nikon").types(CTRL_U).marks("Canon EF 100mm").types(CTRL_C)

    assert somebody.ends() == 130


def test_what_is_pasted_is_one_line_of_text(person: Asked) -> None:
    somebody = person("cart", "add").sees("1/50 of 156")
    somebody.types("\x1b[200~ sigma\n\t35\x07mm \x1b[201~").sees("sigma 35�mm", "nothing matches").types(CTRL_C)

    assert somebody.ends() == 130
    assert "\x07" not in somebody.written


def test_a_window_may_change_its_size(person: Asked) -> None:
    somebody = person("cart", "add").sees("1/50 of 156").resizes(30, 9).types(DOWN)

    def fits() -> bool:
        rows = [line for line in somebody.text.splitlines() if line.startswith(("  ", "> "))]
        return (len(rows), max(map(len, rows), default=0)) == (6, 29)

    somebody.waits(fits, "six rows").sees("2/50 of 156").types(CTRL_C)

    assert somebody.ends() == 130


def test_a_signal_ends_it_as_the_key_does(person: Asked) -> None:
    somebody = person("cart", "add").sees("1/50 of 156")
    somebody.child.kill(2)

    assert somebody.ends() == 130
    assert "cancelled, nothing was changed" in somebody.text


@pytest.mark.parametrize("size", SIZES)
def test_a_catalog_of_500_is_searched_by_the_shop(
    run: Run, person: Asked, tmp_path: Path, size: tuple[int, int]
) -> None:
    run("products", "list")
    _only_hostile(tmp_path / "data")
    _import(tmp_path / "data", tuple(_product(f"p{number:03}", f"lens {number:03}") for number in range(500)))
    somebody = person("products", "show", size=size).sees("1/50 of 500").types("lens 499").marks("T lens 499")
    somebody.types(ENTER)

    assert somebody.ends() == 0
    assert "p499/one" in somebody.text


@pytest.mark.parametrize("size", [*SIZES, (20, 8)])
def test_hostile_titles_are_shown_and_never_obeyed(
    run: Run, person: Asked, tmp_path: Path, size: tuple[int, int]
) -> None:
    run("products", "list")
    _only_hostile(tmp_path / "data")
    products = tuple(_product(f"t{number:03}", text) for number, text in enumerate(STORABLE.values()))
    _import(tmp_path / "data", products)
    somebody = person("cart", "add", size=size, NO_COLOR="1").sees("Product:", f"1/50 of {len(STORABLE)}")
    somebody.types(PAGE_DOWN * 50).sees(f"\n50/50 of {len(STORABLE)}").types(CTRL_C)

    assert somebody.ends() == 130
    drawn = re.sub(r"\x1b\[\??[0-9;]*[A-Za-z]", "", somebody.written)
    assert acting(drawn, allowed="\r\n") == set()
    known = set(re.findall(r"\x1b\[\??[0-9;]*([A-Za-z])", somebody.written))
    assert known <= set("ABCDHJKhlm")
    assert somebody.text.split() == _CANCELLED


def test_ctrl_z_is_not_searched_for(person: Asked) -> None:
    somebody = person("products", "show").sees("1/50 of 156").types("\x1asigma 35mm f2").marks("Sigma 35mm F2")

    assert somebody.types(ENTER).ends() == 0


# --- the terminal -------------------------------------------------------------------------------------------------


def test_without_colour_there_is_none(person: Asked) -> None:
    written = []
    for off in ({"NO_COLOR": "1"}, {}):
        somebody = person("cart", "add", **off).sees("1/50 of 156").types("zzzz").sees("nothing matches").types(CTRL_C)
        somebody.ends()
        written.append(somebody.written)

    assert not _COLOR.search(written[0])
    assert "\x1b[0;1m" not in written[0]
    assert _COLOR.search(written[1])


@pytest.mark.parametrize("plain", [{"TERM": "dumb"}, {"SHOP_PROMPTS": "plain"}], ids=["dumb", "plain"])
def test_a_numbered_list_is_all_that_some_can_use(run: Run, person: Asked, plain: dict[str, str]) -> None:
    somebody = person("cart", "add", NO_COLOR="1", **plain).sees("and 136 more: type a part of the name", "text:")
    somebody.types("ef 50mm f/1.8\n").sees("Product: Canon EF 50mm f/1.8 STM")

    assert somebody.ends() == 0
    assert "\x1b" not in somebody.written
    assert [line["ref"] for line in run("cart", "show", "--json").json["lines"]] == [_LENS]


@pytest.mark.parametrize("way", [{"TERM": "dumb"}, {}], ids=["dumb", "picker"])
def test_stdout_gets_nothing_but_data(run: Run, tmp_path: Path, way: dict[str, str]) -> None:
    file = tmp_path / "file"
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f'exec "$0" -m shopcli products show > "{file}"', sys.executable],
        env={**os.environ, "PYTHONPATH": str(_ROOT), **way},
        encoding="utf-8",
        dimensions=(24, 80),
    )
    try:
        somebody = Person(child, (80, 24)).sees("Product:")
        somebody.types("ef 50mm f/1.8\n")
        assert somebody.ends() == 0
    finally:
        child.close(force=True)

    assert "Canon EF 50mm f/1.8 STM" in somebody.text
    assert file.read_text("utf-8").split("\t")[0] == _LENS
    assert file.read_text("utf-8") == run("products", "show", _LENS).out


def test_talk_of_the_search_waits_until_the_picker_is_gone(person: Asked) -> None:
    somebody = person("products", "show", "-v").sees("1/50 of 156").types("sigma fp").marks("Sigma fp")
    assert "· products.list" not in somebody.text.partition("Product:")[2]
    somebody.types(ENTER)

    assert somebody.ends() == 0
    assert "· " in somebody.text


def test_long_talk_is_wrapped_at_words(person: Asked) -> None:
    somebody = person("cart", "add", "sigma-35-f2", "--no-input", size=(40, 24), NO_COLOR="1").sees("→ shop")

    assert somebody.ends() == 2
    assert somebody.text.splitlines()[:3] == [
        "✗ sigma-35-f2 comes in 2 variants:",
        "  sigma-35-f2/sony-e,",
        "  sigma-35-f2/l-mount",
    ]


def test_a_shop_that_does_not_answer_is_said_below_the_rows(run: Run, person: Asked) -> None:
    somebody = person("cart", "add").sees("1/50 of 156")
    run("services", "stop", "products")
    somebody.types("sigma").sees("products is stopped").types(ENTER)
    run("services", "start", "products")
    somebody.types(" fp").marks("Sigma fp").types(ENTER)

    assert somebody.ends() == 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    shop = Served(tmp_path_factory.mktemp("served"))
    yield shop
    shop.stop()


def test_a_shop_over_http_is_searched_as_well(run: Run, person: Asked, served: Served) -> None:
    somebody = (
        person("--backend", served.url, "cart", "add").sees("1/50 of 156").types("sigma 35mm f2").marks("Sigma 35mm F2")
    )
    somebody.types(ENTER).sees("Variant:").types(ENTER)

    assert somebody.ends() == 0
    lines = run("--backend", served.url, "cart", "show", "--json").json["lines"]
    assert [line["ref"] for line in lines] == ["sigma-35-f2/sony-e"]


def test_a_numbered_list_is_searched_over_http_as_well(person: Asked, served: Served) -> None:
    somebody = person("--backend", served.url, "products", "show", "--trace", SHOP_PROMPTS="plain").sees("text:")
    somebody.types("sigma fp\n").sees("Product: Sigma fp")

    assert somebody.ends() == 0
    assert somebody.written.count("GET /v1/products") >= 4  # two requests, through the gateway


def test_leaving_in_the_middle_of_a_search_over_http(person: Asked, served: Served) -> None:
    somebody = person("--backend", served.url, "cart", "add").sees("1/50 of 156").types("sigma").sees("searching")
    somebody.types(CTRL_C)

    assert somebody.ends() == 130
    assert "Traceback" not in somebody.written
