"""A catalog's file: what it means, and every mistake in it with its line."""

import csv
import io
import json
import random
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import Money, Product, Variant
from backends.errors import InvalidValue
from shopcli.core import catalog_rows
from shopcli.core.catalog import KEPT_MISTAKES, Catalog, read_catalog
from shopcli.core.catalog_rows import COLUMNS, FORMATS, lines_of, rows_of

EUR = "EUR"
HEAD = "slug,title,category,price,stock"


def read(text: str | bytes, kind: str = "csv", sold_in: str | None = EUR) -> Catalog:
    raw = text if isinstance(text, bytes) else text.encode()
    return read_catalog(rows_of(lines_of(io.BytesIO(raw), kind, "goods", lambda _: None), kind, "goods"), sold_in)


def told(text: str | bytes, kind: str = "csv", sold_in: str | None = EUR) -> list[str]:
    """Mistakes, one a line."""
    mistakes = read(text, kind, sold_in).mistakes
    return [f"{line}: {column}: {reason}" if column else f"{line}: {reason}" for line, column, reason in mistakes]


# --- what a file means ---------------------------------------------------------------------------

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
titles = texts.filter(str.strip)
categories = texts.filter(lambda text: re.search(r"\w", text) is not None)
prices = st.integers(0, 10**14 - 1).map(lambda units: Money.of_minor(units, EUR))
stocks = st.integers(0, 10**9)


@st.composite
def products(draw: st.DrawFn) -> tuple[Product, ...]:
    return tuple(
        Product(
            slug,
            slug,
            draw(titles),
            draw(texts),
            draw(categories),
            draw(texts),
            tuple(_variant(slug, name, draw) for name in draw(st.lists(names, min_size=1, max_size=3, unique=True))),
        )
        for slug in draw(st.lists(names, min_size=1, max_size=5, unique=True))
    )


def _variant(slug: str, name: str, draw: st.DrawFn) -> Variant:
    stock = draw(stocks)
    return Variant(f"{slug}/{name}", f"{slug}/{name}", name, draw(texts), draw(prices), stock > 0, stock)


def cells_of(product: Product, variant: Variant) -> dict[str, str]:
    return {
        "slug": product.slug,
        "title": product.title,
        "brand": product.brand,
        "category": product.category,
        "description": product.description,
        "sku": variant.sku,
        "variant": variant.name,
        "price": str(variant.price.amount),
        "currency": variant.price.currency,
        "stock": str(variant.stock),
    }


@given(products(), st.permutations(COLUMNS), st.sampled_from(FORMATS), st.booleans(), st.randoms(use_true_random=False))
def test_what_is_written_is_read(
    goods: tuple[Product, ...], columns: list[str], kind: str, bom: bool, chance: random.Random
) -> None:
    rows = [cells_of(product, variant) for product in goods for variant in product.variants]
    keys = [row["slug"] for row in rows]
    chance.shuffle(keys)  # rows of one product need not stand together, but keep their own order
    waiting = {slug: [row for row in rows if row["slug"] == slug] for slug in keys}
    rows = [waiting[slug].pop(0) for slug in keys]
    file = io.StringIO()
    if kind == "csv":
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    else:
        file.writelines(json.dumps(row, ensure_ascii=bom) + "\n" for row in rows)
    found = read(file.getvalue().encode("utf-8-sig" if bom else "utf-8"), kind)

    assert found.mistakes == ()
    assert (found.rows, found.bad, found.skipped) == (len(rows), 0, 0)
    assert {each.slug: each for each in found.products} == {each.slug: each for each in goods}
    assert [each.slug for each in found.products] == list(dict.fromkeys(keys))


def test_what_is_not_said() -> None:
    (pen,) = read("slug,title,price,stock\npen,Pen,2,0\n").products
    assert (pen.brand, pen.category, pen.description) == ("", "Other", "")
    price = Money(Decimal(2), EUR)
    assert pen.variants == (Variant("pen/standard", "pen/standard", "standard", "", price, in_stock=False, stock=0),)
    (line,) = read('{"slug": "pen", "title": "Pen", "price": 2, "stock": 0, "brand": null}', "jsonl").products
    assert line == pen


def test_numbers_in_json_stay_as_they_are_written() -> None:
    (pen,) = read('{"slug": "pen", "title": "Pen", "price": 12.10, "stock": 3}\n', "jsonl").products
    assert str(pen.variants[0].price) == "12.10 EUR"


def test_empty_lines_and_windows_line_ends() -> None:
    assert len(read(f"\r\n{HEAD}\r\n\r\npen,Pen,Pens,2,1\r\n\r\n").products) == 1
    assert len(read('\n{"slug": "pen", "title": "Pen", "price": 2, "stock": 1}\r\n\n', "jsonl").products) == 1


# --- bad rows ------------------------------------------------------------------------------------

ROWS = {
    "Pen,Pen,Pens,1,1": 'slug: "Pen" is none: it has 1 to 100 lower-case letters, digits and -, such as tripod-4',
    ",Pen,Pens,1,1": "slug: is empty",
    "pen, ,Pens,1,1": "title: is empty",
    "pen,Pen,---,1,1": 'category: "---" has no letter and no digit',
    'pen,Pen,Pens,"12,50",1': 'price: "12,50" is no amount; write 12.50',
    'pen,Pen,Pens,"1.299,00 €",1': 'price: "1.299,00 €" is no amount; write 1299.00',
    "pen,Pen,Pens,EUR 5,1": 'price: "EUR 5" is no amount; write 5',
    "pen,Pen,Pens,.99,1": 'price: ".99" is no amount; write 0.99',
    "pen,Pen,Pens,.5,1": 'price: ".5" is no amount; write 0.50',
    'pen,Pen,Pens,",99",1': 'price: ",99" is no amount; write 0.99',
    "pen,Pen,Pens,1 299 000.50,1": 'price: "1 299 000.50" is no amount; write 1299000.50',
    **{
        f'pen,Pen,Pens,"{text}",1': f'price: "{text}" is no amount; write an amount such as 12.50'
        for text in ["5k", "(5)", "\u22125", "-5", "5 $", "USD 5", "1,299", "1.299.00", "1,23,456.00", ".", "5/7"]
    },
    "pen,Pen,Pens,NaN,1": 'price: "NaN" is no amount; write an amount such as 12.50',
    "pen,Pen,Pens,1e2,1": 'price: "1e2" is no amount; write an amount such as 12.50',
    "pen,Pen,Pens,,1": "price: is empty",
    "pen,Pen,Pens,1.999,1": 'price: "1.999" is no amount of EUR, which has 2 digits behind the point',
    "pen,Pen,Pens,1000000000000,1": 'price: "1000000000000" is no amount from 0 to 999999999999',
    "pen,Pen,Pens,1,many": 'stock: "many" is no whole number, such as 5',
    "pen,Pen,Pens,1,1.5": 'stock: "1.5" is no whole number, such as 5',
    "pen,Pen,Pens,1,-1": 'stock: "-1" is no whole number, such as 5',
    "pen,Pen,Pens,1,": "stock: is empty",
    "pen,Pen,Pens,1,1000000001": 'stock: "1000000001" is no whole number from 0 to 1000000000',
    "pen,Pen,Pens,1": "4 cells, but the header has 5",
    "pen,Pen,Pens,1,1,1": "6 cells, but the header has 5",
    'pen,"Pen"s,Pens,1,1': "this is no CSV: ',' expected after '\"'",
    'pen,"Pen,Pens,1,1': "this is no CSV: unexpected end of data",
    "pen,Pen\rPens,1,1": "this is no CSV: a CR stands outside of quotes",
}


@pytest.mark.parametrize(("row", "reason"), ROWS.items(), ids=list(ROWS))
def test_a_bad_row(row: str, reason: str) -> None:
    found = read(f"{HEAD}\ngood,Good,Goods,1,1\n{row}")
    assert told(f"{HEAD}\ngood,Good,Goods,1,1\n{row}") == [f"3: {reason}"]
    assert ([each.slug for each in found.products], found.rows, found.bad, found.skipped) == (["good"], 2, 1, 1)


@pytest.mark.parametrize("price", ["9" * 10_000, ".9" * 5_000, '"' + "9" * 10_000 + ',99"'])
def test_no_more_of_a_price_is_told_than_its_beginning(price: str) -> None:
    (reason,) = told(f"{HEAD}\npen,Pen,Pens,{price},1\n")
    assert reason == f'2: price: "{price.strip(chr(34))[:39]}…" is no amount; write an amount such as 12.50'


LINES = {
    "{": "this is no JSON: Expecting property name enclosed in double quotes",
    "[1]": "this is no JSON object",
    "[" * 100_000: "this is no JSON: it is nested too deeply",
    '{"prize": 1}': 'no column "prize", did you mean price?',
    '{"slug": true}': "slug: is neither a text nor a number",
    '{"slug": "pen", "title": "Pen", "price": "1.00", "price": "2.00", "stock": 1}': "price: is there twice",
    '{"slug": "pen", "title": "Pen", "price": 1}': "stock: is empty",
    '{"slug": "pen", "title": "\\ud800", "price": 1, "stock": 1}': "title: is no text in UTF-8",
}


@pytest.mark.parametrize(("line", "reason"), LINES.items(), ids=range(len(LINES)))
def test_a_bad_line(line: str, reason: str) -> None:
    good = '{"slug": "good", "title": "Good", "price": 1, "stock": 1}'
    assert told(f"{good}\n{line}\n", "jsonl") == [f"2: {reason}"]


def test_variants_of_one_product_agree() -> None:
    text = "slug,variant,title,brand,category,price,stock\npen,red,Pen,Acme,Pens,1,1\ncup,red,Cup,Acme,Cups,1,1\n"
    assert told(text + "pen,blue,Pencil,Acme,Pens,1,1\n") == [
        '4: title: "Pencil", but "Pen" in line 2, for the same product'
    ]
    assert told(text + "pen,blue,Pen,Other,Pens,1,1\npen,blue,Pen,Acme,Tools,1,1") == [
        '4: brand: "Other", but "Acme" in line 2, for the same product',
        '5: category: "Tools", but "Pens" in line 2, for the same product',
    ]
    assert told(text + "pen,red,Pen,Acme,Pens,1,1\n") == ['4: variant: "red" of the same product is in line 2 already']


def test_a_product_with_a_bad_row_is_left_out_whole() -> None:
    found = read("slug,variant,title,price,stock\npen,red,Pen,1,1\ncup,red,Cup,1,1\npen,blue,Pen,x,1\n")
    assert [each.slug for each in found.products] == ["cup"]
    assert (found.rows, found.bad, found.skipped) == (3, 1, 2)


STRAPS = "slug,variant,title,price,stock\nstrap,brown,Strap,1,1\nhat,red,Hat,1,1\n"
KNOWN = {
    "csv": ("strap,black,Strap,1,50,1\n", "strap,black,Strap\n"),
    "jsonl": ('{"slug":"strap","stock":[0]}', '{"prize":1,"slug":"strap"}', '{"slug":"strap","price":1,"price":2}'),
}
STRAY = {
    "csv": (
        'strap,"black,Strap,1,1\n',
        'strap,"black,Strap\nhat,red",Hat,1,1,1\n',
        'pen,"blue\nstrap,black",Strap\n',
        "Strap,black,Strap,1,1\n",
        ",black,Strap,1,1\n",
        "Strap 4,strap,black,Strap,1,1\n",
    ),
    "jsonl": ("{", "[1]", '{"slug":["strap"]}', '{"slug":"strap","slug":"hat"}', '{"stock":[0]}', '{"title":"Strap"}'),
}


def with_straps(kind: str, row: str) -> str:
    straps = list(csv.DictReader(io.StringIO(STRAPS)))
    return STRAPS + row if kind == "csv" else "".join(json.dumps(strap) + "\n" for strap in straps) + row


@pytest.mark.parametrize(("kind", "row"), [(kind, row) for kind, rows in KNOWN.items() for row in rows])
def test_the_product_of_a_row_that_cannot_be_read_is_left_out_whole(kind: str, row: str) -> None:
    found = read(with_straps(kind, row), kind)
    assert [each.slug for each in found.products] == ["hat"]
    assert (found.bad, found.skipped, found.stray) == (1, 2, None)


@pytest.mark.parametrize(("kind", "row"), [(kind, row) for kind, rows in STRAY.items() for row in rows])
def test_a_bad_row_that_may_belong_to_any_product(kind: str, row: str) -> None:
    text = with_straps(kind, row)
    assert read(text, kind).stray == (4 if kind == "csv" else 3)


def test_a_first_cell_is_no_slug_where_another_column_is_first() -> None:
    assert read("title,slug,price,stock\nstrap,strap,1,50,1\n").stray == 2


def test_rows_of_nothing_but_separators_are_empty() -> None:
    found = read(f",,,,\n{HEAD}\npen,Pen,Pens,2,1\n,,,,\n,,,,,,\n")
    assert (found.rows, found.bad, len(found.products)) == (1, 0, 1)


def test_lines_are_those_of_an_editor() -> None:
    text = f'{HEAD}\npen,"Pen\nin two\r\nlines",Pens,1,1\n\ncup,Cup,Cups,x,1\nink,"a\nb",Inks,x,1\n'
    assert [line.partition(":")[0] for line in told(text)] == ["6", "7"]


def test_all_that_is_wrong_with_a_row_is_said() -> None:
    assert told(f"{HEAD}\nPen,,Pens,x,y\n") == [
        '2: slug: "Pen" is none: it has 1 to 100 lower-case letters, digits and -, such as tripod-4',
        "2: title: is empty",
        '2: price: "x" is no amount; write an amount such as 12.50',
        '2: stock: "y" is no whole number, such as 5',
    ]


def test_bytes_that_are_no_text() -> None:
    assert told(HEAD.encode() + b"\npen,P\xfcn,Pens,1,1\n") == ["2: title: is no text in UTF-8"]


def test_currencies() -> None:
    text = "slug,title,price,stock,currency\npen,Pen,1,1,"
    assert read(text + "EUR").products == read(text).products
    assert told(text + "USD") == ['2: currency: "USD", but this shop sells in EUR']
    assert told(text + "euro") == ['2: currency: "euro" is no currency; write three letters, such as EUR']
    assert read(text + "USD", sold_in=None).products[0].variants[0].price == Money(Decimal(1), "USD")
    assert told(text, sold_in=None) == [
        "2: currency: is empty, and this shop sells nothing yet that would say which one is meant; write EUR"
    ]
    yen = "slug,title,price,stock\npen,Pen,1.5,1"
    assert told(yen, sold_in="JPY") == ['2: price: "1.5" is no amount of JPY, which has 0 digits behind the point']


def test_mistakes_are_kept_up_to_a_bound_and_counted_beyond() -> None:
    found = read(f"{HEAD}\n" + "pen,Pen,Pens,x,1\n" * (KEPT_MISTAKES + 5))
    assert (len(found.mistakes), found.bad, found.products) == (KEPT_MISTAKES, KEPT_MISTAKES + 5, ())


# --- files that are no catalog -------------------------------------------------------------------

HEADERS = {
    "": "goods is empty: its first line names the columns, such as " + ",".join(COLUMNS),
    "slug,titel,price,stock": 'goods:1: no column "titel", did you mean title?',
    "slug,Title,qqq": 'goods:1: no column "Title", did you mean title?; no column "qqq"; there is '
    + ", ".join(COLUMNS),
    "slug,title": "goods:1: the column price is missing; the column stock is missing",
    "slug,slug,title,price,stock": "goods:1: the column slug is there twice",
    '"slug': "goods:1: the header is no CSV: unexpected end of data",
    "sep=;\nslug;title": 'goods:1: "sep=;" is a line for Excel: delete it, and separate the columns by commas',
    "sep=,\nslug,title": 'goods:1: "sep=," is a line for Excel: delete it, and separate the columns by commas',
}


@pytest.mark.parametrize(("header", "message"), HEADERS.items(), ids=list(HEADERS))
def test_a_bad_header(header: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{re.escape(message)}$"):
        read(header)


def test_a_line_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_rows, "MAX_LINE", 2 << 20)
    with pytest.raises(InvalidValue, match=r"^goods:2: the line is longer than 2 MiB: this is no catalog$"):
        read(f"{HEAD}\n" + "x" * (2 << 20) + "\n")


def test_how_much_is_read_is_told_now_and_then() -> None:
    seen: list[int] = []
    raw = b"x" * 1000 + b"\n"
    assert len(list(lines_of(io.BytesIO(raw * 200), "csv", "goods", seen.append))) == 200
    assert seen == [66066] * 3
