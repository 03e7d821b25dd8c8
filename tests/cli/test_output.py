import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from backends.models import Product, Sort, Variant
from backends.money import Money
from shopcli.cli.failures import Usage
from shopcli.cli.options import hoist
from shopcli.cli.output.columns import plain, shown
from shopcli.cli.output.jsonable import colored, dumps, jsonable, paths_of, selected
from shopcli.cli.output.tables import fit
from shopcli.cli.output.writing import Output
from shopcli.cli.views.products import PRODUCTS

ESCAPES = "\x1b]52;c;aGk=\x07\x1b[2J\u202e\x9b1m"
_WHEN = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


def _product(title: str = "Sigma 35mm", slug: str = "sigma-35") -> Product:
    price = Money(Decimal("1499.00"), "EUR")
    return Product("1", slug, title, "Sigma", "Lenses", "Fine.", (Variant("v", slug, "one", "S", price, True, 3),))


def _output(*line: str, **environment: str) -> Output:
    return Output(hoist(list(line), environment)[0])


def test_json_follows_the_contract() -> None:
    assert jsonable(Money(Decimal("1499.00"), "EUR")) == {"amount": "1499.00", "currency": "EUR"}
    assert jsonable(Money(Decimal("1E+3"), "JPY")) == {"amount": "1000", "currency": "JPY"}
    assert jsonable(_WHEN) == "2026-01-31T14:05:00.000Z"
    assert jsonable(Sort.PRICE_DESC) == "-price"
    assert jsonable((None, True, 3)) == [None, True, 3]
    assert set(jsonable(_product())) == {field.name for field in fields(Product)}  # type: ignore[call-overload]


def test_what_has_no_json_form_is_a_bug() -> None:
    with pytest.raises(TypeError):
        jsonable({1, 2})


def test_json_is_ascii_and_clean() -> None:
    text = dumps(jsonable(f"Straße {ESCAPES}"))

    assert text.isascii()
    assert "\\u001b" not in text
    assert json.loads(text).startswith("Straße")


def test_tsv_cells_are_one_line_and_times_are_rfc_3339() -> None:
    assert plain("a\tb\nc\r\x0b\x0cd") == "a b c   d"
    assert plain(_WHEN) == "2026-01-31T14:05:00.000Z"
    assert plain(None) == ""
    assert plain(True) == "yes"
    assert plain(Money(Decimal("1.50"), "EUR")) == "1.50 EUR"


def test_people_see_their_own_time_to_the_minute() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", shown(_WHEN))


@pytest.mark.parametrize("mode", ["table", "tsv", "json", "jsonl", "id"])
def test_hostile_text_is_harmless_in_every_mode(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    product = _product(f"Lens {ESCAPES}", f"lens{ESCAPES}")

    _output("-o", mode).list(PRODUCTS, [product], empty="")
    _output("-o", mode).show(PRODUCTS, product)

    written = "".join(capsys.readouterr())
    assert not [letter for letter in written if letter not in "\t\n" and (letter < " " or letter in "\x9b\x7f\u202e")]


def test_a_list_in_json_has_items_a_cursor_and_a_total(capsys: pytest.CaptureFixture[str]) -> None:
    _output("--json").list(PRODUCTS, [_product()], next_cursor="c", total=7, empty="")

    written = json.loads(capsys.readouterr().out)
    assert (len(written["items"]), written["next_cursor"], written["total"]) == (1, "c", 7)


def test_jsonl_is_one_item_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _output("-o", "jsonl").list(PRODUCTS, [_product(), _product()], empty="")

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["slug"] for line in lines] == ["sigma-35", "sigma-35"]


def test_fields_select_keys_in_json_and_columns_in_tsv(capsys: pytest.CaptureFixture[str]) -> None:
    _output("--json", "--fields", "slug,title").show(PRODUCTS, _product())
    assert json.loads(capsys.readouterr().out) == {"slug": "sigma-35", "title": "Sigma 35mm"}

    _output("-o", "tsv", "--fields", "price,id").show(PRODUCTS, _product())
    assert capsys.readouterr().out == "1499.00 EUR\t1\n"


@pytest.mark.parametrize(("mode", "known"), [("json", "variants, "), ("tsv", "price")])
def test_an_unknown_field_lists_the_known_ones(mode: str, known: str) -> None:
    with pytest.raises(Exception, match="no field nope; there is") as caught:
        _output("-o", mode, "--fields", "slug,nope").check(PRODUCTS)
    assert re.search("slug", str(caught.value))


def test_quiet_and_json_drop_the_talk(capsys: pytest.CaptureFixture[str]) -> None:
    _output("-o", "tsv").say("hello")
    assert capsys.readouterr().err == "hello\n"
    _output("-o", "tsv", "-q").say("hello")
    _output("--json").say("hello")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_a_table_fits_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    products = [_product("A very long title of a lens " * 3), _product("日本語のタイトル" * 9)]

    _output("-o", "table", SHOP_FORCE_TTY="1", NO_COLOR="1").list(PRODUCTS, products, empty="")

    from rich.cells import cell_len

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert max(cell_len(line) for line in lines) <= width


def test_titles_shrink_before_columns_leave_and_the_least_important_leaves_first() -> None:
    names = [column.name for column in PRODUCTS.columns]
    natural = [20, 60, 10, 10, 8, 12, 5, 1, 1]

    def kept(room: int) -> dict[str, int]:
        return {names[index]: width for index, width in fit(PRODUCTS.columns[:7], natural[:7], room).items()}

    assert kept(200)["title"] == 60
    assert set(kept(110)) == set(names[:7])
    assert kept(110)["title"] < 60
    assert "variants" not in kept(85)
    assert "in_stock" in kept(85)
    assert set(kept(50)) == {"slug", "title", "price"}


def test_colour_comes_with_words_and_only_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    _output("-o", "table", SHOP_FORCE_TTY="1").list(PRODUCTS, [_product()], empty="")
    assert "\x1b[32myes" in capsys.readouterr().out

    _output("-o", "table", SHOP_FORCE_TTY="1", NO_COLOR="1").list(PRODUCTS, [_product()], empty="")
    assert "\x1b" not in capsys.readouterr().out


def test_markup_in_data_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    _output("-o", "table", NO_COLOR="1").list(PRODUCTS, [_product("[bold]x[/b] :smile:")], empty="")

    assert "[bold]x[/b] :smile:" in capsys.readouterr().out


# --- parts of fields, and JSON for people ------------------------------------------------------------


def test_fields_select_parts_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output = _output("--json", "--fields", "slug,variants.price.amount,variants.ref")
    output.check(PRODUCTS)
    output.show(PRODUCTS, _product())

    assert json.loads(capsys.readouterr().out) == {
        "slug": "sigma-35",
        "variants": [{"price": {"amount": "1499.00"}, "ref": "sigma-35"}],
    }


def test_a_whole_field_is_stronger_than_its_parts() -> None:
    assert selected({"a": {"b": 1, "c": 2}, "d": None}, ["a.b", "a", "d.e"]) == {"a": {"b": 1, "c": 2}, "d": None}


def test_all_parts_of_a_product_are_known() -> None:
    known = set(paths_of(Product))

    assert {"slug", "variants", "variants.ref", "variants.price", "variants.price.amount"} <= known
    assert "price" not in known


@pytest.mark.parametrize("field", ["variants.nope", "slug.nope", "variants.price.amount.nope", "variants.", ".slug"])
def test_an_unknown_part_is_refused_before_anything_is_done(field: str) -> None:
    with pytest.raises(Usage, match="no field"):
        _output("--json", "--fields", field).check(PRODUCTS)


def test_columns_have_no_parts() -> None:
    with pytest.raises(Usage, match=r"no field price\.amount"):
        _output("-o", "tsv", "--fields", "price.amount").check(PRODUCTS)


def test_colours_change_nothing_but_the_looks() -> None:
    tricky = {"a": "1", 'b"\\': 'x": true, "\\', "c": [True, None, -1.5e-7, 12], "d": {}}
    text = dumps(tricky, indented=True)

    assert re.sub("\x1b\\[[0-9;]*m", "", colored(text)) == text
    assert colored('{"a": "b: 1", "c": null}') == (
        '{\x1b[1;34m"a"\x1b[0m: \x1b[32m"b: 1"\x1b[0m, \x1b[1;34m"c"\x1b[0m: \x1b[36mnull\x1b[0m}'
    )


def test_json_is_plain_in_a_pipe_whatever_is_said_about_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _output("--json", SHOP_FORCE_TTY="1").show(PRODUCTS, _product("Straße"))

    written = capsys.readouterr().out
    assert "\x1b" not in written
    assert written.isascii()


def test_people_read_letters_and_nothing_that_acts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shopcli.cli.output.writing.is_terminal", lambda _: True)
    _output("--json", NO_COLOR="1").list(PRODUCTS, [_product(f"Straße {ESCAPES}")], next_cursor=ESCAPES, empty="")

    written = capsys.readouterr().out
    assert "Straße" in written
    assert not [letter for letter in written if letter != "\n" and (letter < " " or letter in "\x9b\x7f\u202e")]


def test_a_list_that_goes_on_says_how_much_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    _output("-o", "tsv").list(PRODUCTS, [_product()], next_cursor="c", total=7, empty="")
    assert capsys.readouterr().err == "1 of 7, there is more: --cursor c, or --all\n"

    _output("-o", "tsv").list(PRODUCTS, [_product()], next_cursor="c", empty="")
    assert capsys.readouterr().err == "there is more: --cursor c, or --all\n"
