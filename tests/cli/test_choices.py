"""What matches, what is marked and how it fits, without a terminal."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from shopcli.cli.asking import numbered
from shopcli.cli.asking.choices import Choice, Found, Menu, cut, fitted, matching, safe, whole
from shopcli.cli.asking.questions import missing
from shopcli.cli.output.talk import wrapped
from tests.cli.hostile import TEXTS, acting

if TYPE_CHECKING:
    from collections.abc import Sequence

LENSES = [
    Choice(1, "Sigma 35mm F2 DG DN", "639.00 EUR", "sigma-35-f2"),
    Choice(2, "Canon EF 50mm f/1.8 STM", "119.00 EUR", "canon-ef-50mm-f1-8-stm"),
    Choice(3, "Canon EOS R5", "3599.00 EUR", "canon-eos-r5"),
    Choice(4, "Größe Straße", "paid", "strasse"),
    Choice(5, "日本のレンズ", "", "nihon"),
]
_WORDS = st.text(max_size=30)
_CHOICES = st.lists(st.builds(Choice, st.integers(), _WORDS, _WORDS, _WORDS), max_size=8)


def values(choices: Sequence[Choice[int]]) -> list[int]:
    return [choice.value for choice in choices]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("   ", [1, 2, 3, 4, 5]),
        ("canon", [2, 3]),
        ("CANON r5", [3]),
        ("r5 canon", [3]),
        ("f/1.8", [2]),
        ("sigma-35", [1]),
        ("STRASSE", [4]),
        ("gro\u0308ße", [4]),  # decomposed
        ("レンズ", [5]),
        ("paid", [4]),
        ("eos 639", []),
        ("zzz", []),
    ],
)
def test_all_typed_words_have_to_be_somewhere(typed: str, expected: list[int]) -> None:
    assert values(matching(LENSES, typed)) == expected


def test_the_best_come_first_and_equals_stay_as_they_stood() -> None:
    choices = [
        Choice(7, "other", "a ring"),
        Choice(1, "the ring", "r5"),
        Choice(2, "string"),
        Choice(3, "new ring"),
        Choice(4, "ring tone"),
        Choice(5, "ring"),
        Choice(6, "ring two"),
    ]

    assert values(matching(choices, "ring")) == [5, 4, 6, 1, 3, 2, 7]


@given(_CHOICES, _WORDS)
def test_matching_takes_nothing_twice_and_invents_nothing(choices: list[Choice[int]], typed: str) -> None:
    found = matching(choices, typed)

    assert all(choice in choices for choice in found)
    assert len(found) <= len(choices)


def test_the_mark_goes_round_and_pages_stop_at_the_ends() -> None:
    menu = Menu(LENSES)
    for move, by, at in (
        *((menu.step, -1, 4), (menu.step, 1, 0), (menu.step, 1, 1)),
        *((menu.turn, 10, 4), (menu.turn, 10, 4), (menu.turn, -3, 1), (menu.turn, -10, 0)),
    ):
        move(by)
        assert menu.at == at
    menu.turn(4)
    assert menu.window(2) == (LENSES[3:], 1)
    menu.offer(LENSES)  # what is found is never marked because of what stood there before
    assert menu.marked == LENSES[0]
    assert menu.window(2) == (LENSES[:2], 0)
    menu.offer([])
    menu.step(1)
    menu.turn(10)
    assert menu.marked is None
    assert menu.window(3) == ([], 0)


@given(st.integers(1, 60), st.integers(1, 12), st.lists(st.sampled_from([-1, 1, -10, 10]), max_size=40))
def test_the_marked_row_is_always_in_the_window(count: int, height: int, moves: list[int]) -> None:
    menu = Menu([Choice(number, str(number)) for number in range(count)], at=count // 2)
    for by in [0, *moves]:
        (menu.step if abs(by) == 1 else menu.turn)(by)
        shown, at = menu.window(height)
        assert len(shown) == min(height, count)
        assert shown[at] is menu.marked


def test_a_default_that_is_not_there_marks_the_first() -> None:
    assert Menu(LENSES, at=99).at == 0


def test_details_stand_below_each_other_and_give_way_to_labels() -> None:
    rows = fitted(LENSES, 60, get_cwidth)
    assert [row.label for row in rows[:3]] == [
        "Sigma 35mm F2 DG DN      ",
        "Canon EF 50mm f/1.8 STM  ",
        "Canon EOS R5             ",
    ]
    assert get_cwidth(rows[3].label) == get_cwidth(rows[0].label)

    rows = fitted(LENSES, 30, get_cwidth)
    assert rows[1] == ("Canon EF 50mm f/…  ", "119.00 EUR")
    assert fitted(LENSES, 20, get_cwidth)[1] == ("Canon EF 50mm f/1.8…", "")


@given(_CHOICES, st.integers(0, 60))
def test_no_row_is_wider_than_the_terminal(choices: list[Choice[int]], width: int) -> None:
    for row in fitted([safe(choice) for choice in choices], width, get_cwidth):
        assert get_cwidth(row.label + row.detail) <= width


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_what_is_cut_ends_in_an_ellipsis(text: str, width: int, expected: str) -> None:
    assert cut(text, width, get_cwidth) == expected


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_choice_shows_and_never_acts(name: str) -> None:
    choice = safe(Choice(0, TEXTS[name], TEXTS[name], TEXTS[name]))

    for text in (choice.label, choice.detail, choice.key):
        assert acting(text, allowed="") == set()
        assert len(text) <= 300


def test_joined_emoji_take_the_cells_of_each() -> None:
    joined = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{MICROSCOPE} \N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}"

    assert safe(Choice(0, joined, joined, joined))[1:] == ("\N{WOMAN}\N{MICROSCOPE} \N{HEAVY BLACK HEART}",) * 3


# --- a numbered list ---


def asked(*answers: str, at: int | None = None, choices: Sequence[Choice[int]] = LENSES) -> int:
    given_answers = iter(answers)
    chosen = numbered.picked("Product", whole(choices), at=at, read=lambda _: next(given_answers), search=None)
    assert list(given_answers) == []
    return chosen.value


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(("2",), 2), (("r5",), 3), (("canon", "2"), 3), (("canon", "sigma"), 1), (("zzz", "9", "", "5"), 5)],
)
def test_a_number_or_a_text_that_one_matches_is_taken(answers: tuple[str, ...], expected: int) -> None:
    assert asked(*answers) == expected


def test_an_empty_line_takes_the_default_and_nothing_else() -> None:
    assert asked("", at=2) == 3
    assert asked("", "1") == 1
    assert asked("canon", "", "1", at=2) == 1  # the list says no default any more
    assert asked("", "1", choices=[Choice(7, "the only one")]) == 7


def test_a_name_that_is_the_beginning_of_another_one_can_be_typed() -> None:
    choices = [Choice(1, "home"), Choice(2, "home office")]
    assert asked("home", choices=choices) == 1


def test_a_long_list_shows_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    choices = [Choice(number, f"thing {number:03}") for number in range(500)]

    assert asked("21", "thing 499", choices=choices) == 499  # 21 is no row of the list, so it is text
    first = capsys.readouterr().err.partition("Product:")[2].partition("Product:")[0]
    *_, last, more, no_row = first.splitlines()
    assert (last, more) == ("  20  thing 019", "  and 480 more: type a part of the name")
    assert no_row == "there is no number 21; it is part of:"


def test_a_number_that_is_no_row_takes_nothing_by_a_price(capsys: pytest.CaptureFixture[str]) -> None:
    choices = [Choice(1, "Lens", "1499.00 EUR"), Choice(2, "Strap", "20.00 EUR"), Choice(3, "Bag", key="4")]

    assert asked("99", "1", choices=choices[:2]) == 1  # of the list of what has a 99 in it
    assert "there is no number 99; it is part of:\nProduct:\n  1  Lens" in capsys.readouterr().err
    assert asked("4", choices=choices) == 3  # what is called that


def test_a_long_detail_is_cut_and_hides_no_other_one() -> None:
    book = [Choice(1, "home", "Ada Lovelace, Hauptstrasse 123, Hinterhaus"), Choice(2, "office", "Bob, Weg 1")]

    assert fitted(book, 30, get_cwidth) == [("home    ", "Ada Lovelace, Hauptst…"), ("office  ", "Bob, Weg 1")]
    assert fitted(book, 18, get_cwidth) == [("home", ""), ("office", "")]


@pytest.mark.parametrize(("total", "count", "more"), [(156, " of 156", "and 136 more"), (None, "+", "and more")])
def test_the_first_of_many_say_how_many_there_are(
    capsys: pytest.CaptureFixture[str], total: int | None, count: str, more: str
) -> None:
    first = Found([Choice(number, f"thing {number:03}") for number in range(50)], total)

    assert first.place(9) == f"10/50{count}"
    assert numbered.picked("Product", first, at=None, read=lambda _: "1", search=None).value == 0
    assert f"  {more}: type a part of the name" in capsys.readouterr().err


def test_a_count_that_begins_like_the_total_is_not_the_total() -> None:
    few = [Choice(number, str(number)) for number in range(15)]

    assert Found(few, 156).place(0) == "1/15 of 156"
    assert Found(few, 15).place(0) == "1/15"


def test_what_is_missing_is_listed_up_to_ten() -> None:
    assert (
        missing(["--x"], list("abc")).message == "--x is missing, and there is no terminal to ask at; there is a, b, c"
    )
    known = [str(number) for number in islice(range(100), 30)]
    assert missing(["--x"], known).message.endswith("there is 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20 more")


def test_talk_is_wrapped_on_terminals_only() -> None:
    assert wrapped("a long sentence " * 20).count("\n") == 0
