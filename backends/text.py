"""Text from a backend is hostile until it is cleaned.

A product title can carry escape sequences that move the cursor, write the clipboard (OSC 52) or
reorder what is read (bidi overrides), and neither rich nor textual stops them. `clean` replaces
what acts instead of showing: Unicode categories Cc, Cf (but the zero-width joiner, which emoji
need), Cs, Co, Zl and Zp. It also shortens piles of combining marks, which overflow a line.
"""

import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# UAX #15 calls text stream-safe at 30; every living script that we know of stays below 8.
MAX_MARKS = 8

BREAKS = str.maketrans("\t\n\r\v\f", "     ")
"""Makes one line of a text: what would break it is a space, not something to be replaced."""

_JOINER = "\N{ZERO WIDTH JOINER}"
_MARKS = frozenset(("Mn", "Me"))
_ACTING = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_HARMLESS = re.compile(r"[ -~\u00a0-\u00ac\u00ae-\u02ff]*")  # printable ASCII and Latin, without the soft hyphen


def _acts(character: str) -> bool:
    return character != _JOINER and unicodedata.category(character) in _ACTING


def clean(text: str, *, keep: str = "") -> str:
    """Return text that shows and never acts; idempotent.

    Characters in `keep` (a line feed, say) pass unchanged. Every replaced character becomes one
    U+FFFD, so nobody takes the result for what the backend sent.
    """
    # Most text is plain ASCII, and asking that takes a fifth of the regular expression.
    if (text.isascii() and text.isprintable()) or _HARMLESS.fullmatch(text):
        return text
    out: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if character == _JOINER or unicodedata.category(character) in _MARKS else 0
        if character in keep or (marks <= MAX_MARKS and not _acts(character)):
            out.append(character)
        elif not marks:
            out.append(REPLACEMENT)
    return "".join(out)


def shorten(text: str, most: int) -> str:
    """Return clean text of at most `most` characters; what is cut ends in an ellipsis."""
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    cleaned = clean(text[: most * 2])  # a long pile of marks may vanish, so a little more is looked at
    return cleaned if len(cleaned) <= most else cleaned[: most - 1] + "…"


def is_clean(text: str) -> bool:
    """Whether `clean` would change nothing: what a person may store as a name or an address."""
    return clean(text) == text
