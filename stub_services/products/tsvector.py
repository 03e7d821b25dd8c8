"""Full-text search with PostgreSQL: a tsvector made here, so that words are cut and folded as SQLite's FTS5 does it.

PostgreSQL's own parser takes `nikon-z` for several things at once and keeps accents. Here a word is a run of letters
and digits, lower-case and without accents; in a query it may be the start of a longer one.
"""

import re
import unicodedata
from collections import defaultdict

from stub_services.database import Statements

_WORD = re.compile(r"[^\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_WEIGHTS = "ABCBD"  # of title, brand, category, variants, description
_MAX_LENGTH = 255  # PostgreSQL takes 2 KiB a word, and no query is longer than this
_MAX_POSITION = 16383  # it counts no further (https://www.postgresql.org/docs/current/textsearch-limitations.html)
_MAX_PLACES = 255  # and keeps no more of one word


class Tsvector:
    """The search table of words with their places and weights."""

    matching = "SELECT 1 FROM search WHERE words @@ CAST(CAST(? AS TEXT) AS TSQUERY)"
    tables = probed = (
        "search JOIN products ON products.number = search.number"
        " CROSS JOIN (SELECT CAST(CAST(? AS TEXT) AS TSQUERY) AS asked) AS query"
    )
    condition = "words @@ asked"
    number = "search.number"
    score = "CAST(-ts_rank_cd('{0.1, 0.3, 0.5, 1}', words, asked, 1) AS DOUBLE PRECISION)"  # of D, C, B, A; by length

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    @staticmethod
    def match(text: str) -> str:
        """Return the query: the parts of `nikon-z` must follow each other, the last may be the start of a word."""
        words = (words_of(word) for word in text.split())
        return " & ".join(" <-> ".join(f"'{part}'" for part in parts) + ":*" for parts in words if parts)

    async def put(self, number: int, texts: tuple[str, ...]) -> None:
        """Index a product's texts."""
        await self._sql.run(
            "INSERT INTO search (number, words) VALUES (?, CAST(CAST(? AS TEXT) AS TSVECTOR))"
            " ON CONFLICT (number) DO UPDATE SET words = excluded.words",
            number,
            _vector(texts),
        )


def words_of(text: str) -> list[str]:
    """Return the words of a text, which have letters and digits only: nothing that has to be quoted."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text.lower()))
    return [word[:_MAX_LENGTH] for word in _WORD.findall(unicodedata.normalize("NFC", bare))]


def _vector(texts: tuple[str, ...]) -> str:
    places: dict[str, list[str]] = defaultdict(list)
    position = 0
    for weight, text in zip(_WEIGHTS, texts, strict=True):
        position += 1  # a gap, so that no phrase goes on in the next text
        for word in words_of(text):
            position += 1
            places[word].append(f"{min(position, _MAX_POSITION)}{weight}")
    return " ".join(f"'{word}':{','.join(found[:_MAX_PLACES])}" for word, found in places.items())
