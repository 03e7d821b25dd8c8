"""The drawing of hops, line by line."""

from dataclasses import replace

import pytest

from backends.tracing import Hop
from shopcli.core.diagram import MOST_CHARACTERS, draw

ORDER = "0b8c2f1a-1111-4222-8333-444455556666"


def hop(
    callee: str, action: str, *, status: str = "200", at: float = 0, ms: float = 1, hops: tuple[Hop, ...] = ()
) -> Hop:
    return Hop("shop", callee, action, status, at, ms, 1, hops)


def nested(caller: str, *hops: Hop) -> tuple[Hop, ...]:
    return tuple(replace(each, caller=caller) for each in hops)


def drawn(hops: list[Hop], width: int = 80, *, unicode: bool = True) -> str:
    lines = draw(hops, width, unicode=unicode)
    assert max(len(line.text) for line in lines) <= width
    return "\n" + "\n".join(line.text for line in lines) + "\n"


CART = hop("gateway", "GET /v1/cart", ms=4.2)

PLACING = hop(
    "gateway",
    f"PUT /v1/orders/{ORDER}",
    ms=31.4,
    hops=nested(
        "gateway",
        hop(
            "orders",
            f"PUT /v1/orders/{ORDER}",
            ms=29,
            hops=nested(
                "orders", hop("carts", "POST /internal/take", ms=5), hop("products", "POST /internal/reserve", ms=9)
            ),
        ),
    ),
)
PAYING = hop(
    "gateway",
    f"PUT /v1/payments/{ORDER}",
    at=40,
    ms=60,
    hops=nested(
        "gateway",
        hop(
            "payments",
            f"PUT /v1/payments/{ORDER}",
            ms=58,
            hops=nested(
                "payments",
                hop("orders", "POST /internal/claim", at=1, ms=6),
                hop("processor", "charge", status="ok", at=8, ms=30),
                hop("orders", "POST /internal/settle", at=40, ms=12),
            ),
        ),
    ),
)


def test_one_hop() -> None:
    assert (
        drawn([CART])
        == """
shop          gateway
├────────────►│ GET /v1/cart
│◄············┤ 200  4.2 ms
1 hop, 0 retries, 4.2 ms
"""
    )


def test_a_checkout_through_five_services() -> None:
    assert (
        drawn([PLACING, PAYING])
        == """
shop  gateway  orders  carts  products  payments  processor
├────►│ PUT /v1/orders/0b8c2f1a…        │         │
│     ├───────►│ PUT /v1/orders/0b8c2f1a…         │
│     │        ├──────►│ POST /internal/take      │
│     │        │◄······┤ 200  5.0 ms    │         │
│     │        ├─────────────►│ POST /internal/reserve
│     │        │◄·············┤ 200  9.0 ms       │
│     │◄·······┤ 200  29 ms   │         │         │
│◄····┤ 200  31 ms     │      │         │         │
├────►│ PUT /v1/payments/0b8c2f1a…      │         │
│     ├────────────────────────────────►│ PUT /v1/payments/0b8c2f1a…
│     │        │◄───────────────────────┤ POST /internal/claim
│     │        ├·······················►│ 200  6.0 ms
│     │        │       │      │         ├────────►│ charge
│     │        │       │      │         │◄········┤ ok  30 ms
│     │        │◄───────────────────────┤ POST /internal/settle
│     │        ├·······················►│ 200  12 ms
│     │◄································┤ 200  58 ms
│◄····┤ 200  60 ms     │      │         │         │
9 hops, 0 retries, 100 ms
"""
    )


def test_all_participants_fit_into_80_columns() -> None:
    users = replace(CART, hops=nested("gateway", hop("users", "GET /v1/me")))

    assert drawn([users, PLACING, PAYING]).splitlines()[1] == (
        "shop  gateway  users  orders  carts  products  payments  processor"
    )


def test_a_wide_terminal_is_used() -> None:
    wide = drawn([PLACING, PAYING], 120).splitlines()

    assert wide[1] == "shop      gateway      orders      carts      products      payments      processor"
    assert wide[6] == "│         │            ├─────────────────────►│ POST /internal/reserve    │"


def test_where_the_participants_do_not_fit_it_is_a_tree() -> None:
    assert (
        drawn([PLACING, PAYING], 60)
        == """
shop → gateway  PUT /v1/orders/0b8c2f1a…  200  31 ms
  gateway → orders  PUT /v1/orders/0b8c2f1a…  200  29 ms
    orders → carts  POST /internal/take  200  5.0 ms
    orders → products  POST /internal/reserve  200  9.0 ms
shop → gateway  PUT /v1/payments/0b8c2f1a…  200  60 ms
  gateway → payments  PUT /v1/payments/0b8c2f1a…  200  58 ms
    payments → orders  POST /internal/claim  200  6.0 ms
    payments → processor  charge  ok  30 ms
    payments → orders  POST /internal/settle  200  12 ms
9 hops, 0 retries, 100 ms
"""
    )


def test_failures_and_retries_are_told_in_words() -> None:
    refused = nested("gateway", hop("orders", "GET /v1/orders", status="connection refused", ms=0.4))
    first = hop("gateway", "GET /v1/orders", status="503", ms=2, hops=refused)
    again = replace(hop("gateway", "GET /v1/orders", at=200, ms=8), attempt=2)

    told = [line.text[slice(*line.failure)] for line in draw([first, again], 80) if line.failure]

    assert told == ["failed: connection refused", "failed: 503"]
    assert (
        drawn([first, again])
        == """
shop          gateway          orders
├────────────►│ GET /v1/orders │
│             ├───────────────►│ GET /v1/orders
│             │◄···············┤ failed: connection refused  0.4 ms
│◄············┤ failed: 503  2.0 ms
├────────────►│ GET /v1/orders  retry 1
│◄············┤ 200  8.0 ms    │
3 hops, 1 retry, 208 ms
"""
    )


def test_a_narrow_drawing_keeps_times_and_retries() -> None:
    first = hop("gateway", "GET /v1/products?sort=price&text=50mm", status="out_of_stock", ms=0.4)
    again = replace(first, status="200", milliseconds=12, started=1, attempt=3)

    assert (
        drawn([first, again], 28)
        == """
shop  gateway
├────►│ GET /v1/products?so…
│◄····┤ failed: out…  0.4 ms
├────►│ GET /v1/pr…  retry 2
│◄····┤ 200  12 ms
2 hops, 1 retry, 13 ms
"""
    )


def test_a_narrow_tree_keeps_times_and_retries() -> None:
    first = hop("gateway", "GET /v1/products?sort=price&text=50mm", status="out_of_stock", ms=0.4)
    again = replace(first, hops=nested("gateway", hop("products", "GET", status="503")), attempt=2)

    assert (
        drawn([again], 35)
        == """
shop…  retry 1  failed: ou…  0.4 ms
  gateway → p…  failed: 503  1.0 ms
2 hops, 1 retry, 0.4 ms
"""
    )


def test_hops_are_drawn_in_the_order_of_their_starts() -> None:
    late, early = hop("carts", "late", at=20), hop("users", "early", at=10)
    at_once = [hop("users", name, at=30) for name in ("one", "two")]
    parent = hop("gateway", "all", ms=40, hops=nested("gateway", late, *at_once, early))

    rows = [line.text for line in draw([parent], 80)]

    asked = [
        name for row in rows for name in ("early", "late", "one", "two") if row.endswith(name) or f" {name} " in row
    ]
    assert asked == ["early", "late", "one", "two"]


def test_plain_characters_where_nothing_else_can_be_written() -> None:
    refused = hop("orders", f"PUT /v1/orders/{ORDER}", status="connection refused")
    placing = replace(PLACING, attempt=2, hops=nested("gateway", refused))

    assert (
        drawn([placing], unicode=False)
        == """
shop          gateway          orders
|------------>| PUT /v1/orders/0b8c2f1a..  retry 1
|             |--------------->| PUT /v1/orders/0b8c2f1a..
|             |<...............| failed: connection refused  1.0 ms
|<............| 200  31 ms     |
2 hops, 1 retry, 31 ms
"""
    )
    assert drawn([PLACING], 50, unicode=False).startswith("\nshop -> gateway  PUT /v1/orders/0b8c..  200  31 ms\n")


def test_words_without_room_on_the_right_stand_on_the_left() -> None:
    charge = replace(PAYING.hops[0].hops[1], action="POST /charges?currency=EUR&capture=1", status="insufficient_funds")
    paying = replace(PAYING, hops=(replace(PAYING.hops[0], hops=(charge,)),))

    rows = drawn([PLACING, paying]).splitlines()

    assert rows[12:14] == [
        "│  POST /charges?currency=EUR&capture=1 ├────────►│",
        "│     failed: insufficient_funds  30 ms │◄········┤",
    ]


def test_long_drawings_repeat_the_names_at_their_end() -> None:
    lines = draw([CART] * 10, 80)

    assert lines[0] == lines[-2]
    assert draw([CART] * 9, 80)[-2] != lines[0]


@pytest.mark.parametrize("width", [20, 60, 80, 120])
@pytest.mark.parametrize(
    "text",
    ["\x1b[2J", "a\nb", "\u202eevil", "\ud800", "日本語", "\x9b31m", "x" * 100_000, "", "  ", "z" + "\u0301" * 500],
    ids=ascii,
)
def test_hostile_text_is_one_line_of_harmless_characters(text: str, width: int) -> None:
    evil = Hop(text, f"{text}2", text, text, 0, 1, 3, (Hop(f"{text}2", text, text, text, 0, 1),))

    for unicode in (True, False):
        written = drawn([evil], width, unicode=unicode)
        assert set(written) - {"\n"} <= set(map(chr, range(32, 127))) | (set("│├┤─·►◄→…\ufffd") if unicode else set())
        assert len(written.splitlines()) <= 7


def test_hostile_numbers_and_depths_draw_something() -> None:
    deep = CART
    for _ in range(5_000):
        deep = replace(CART, hops=(deep,))
    odd = [Hop("a", "b", "x", "ok", float("nan"), float("inf"), 10**300), Hop("a", "a", "x", "ok", -1e300, 1e300)]

    assert len(drawn([deep]).splitlines()) > 10_000
    assert drawn(odd, 60)
    assert drawn([hop(f"service-{number}", "x" * (MOST_CHARACTERS + 1)) for number in range(100)])


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([], 80) == []
