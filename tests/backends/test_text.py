import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.text import MAX_MARKS, REPLACEMENT, clean, is_clean

ANYTHING = st.text(st.characters(codec=None))


@given(ANYTHING)
def test_cleaning_is_idempotent(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert is_clean(clean(text))


@given(ANYTHING)
def test_nothing_that_acts_is_left(text: str) -> None:
    categories = {unicodedata.category(each) for each in clean(text) if each != "\N{ZERO WIDTH JOINER}"}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@given(ANYTHING)
def test_cleaning_never_lengthens(text: str) -> None:
    assert len(clean(text)) <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain text, 42 €",
        "Ünïcödé Straße",
        "日本語 中文 한국어",
        "עברית العربية हिन्दी ไทย",
        "👩\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧 🏳️",
        "Z\u0301\u0302 tone\u0301",
        "\u00a0non-breaking",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "character",
    [
        "\x1b",
        "\x07",
        "\x00",
        "\n",
        "\r",
        "\t",
        "\x7f",
        "\x9b",
        "\xad",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200e",
        "\ufeff",
        "\ue000",
        "\ud800",
        "\U000e0041",
    ],
    ids=ascii,
)
def test_what_acts_is_replaced(character: str) -> None:
    assert clean(f"a{character}b") == f"a{REPLACEMENT}b"
    assert clean(f"a{character}b", keep=character) == f"a{character}b"
    assert not is_clean(character)


def test_piles_of_marks_are_shortened() -> None:
    assert clean("e" + "\u0301" * 50) == "e" + "\u0301" * MAX_MARKS
    assert is_clean("e" + "\u0301" * MAX_MARKS)
    assert clean("\u0301" * 20 + "x") == "\u0301" * MAX_MARKS + "x"
