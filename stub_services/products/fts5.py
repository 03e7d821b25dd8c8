"""Full-text search with SQLite's FTS5."""

from stub_services.database import Statements


class Fts5:
    """The search index, whose rows have the products' numbers."""

    matching = "SELECT 1 FROM search WHERE search MATCH ?"
    tables = "search JOIN products ON products.number = search.rowid"
    probed = "products CROSS JOIN search ON search.rowid = products.number"  # SQLite keeps the order of a CROSS JOIN
    condition = "search MATCH ?"
    score = "bm25(search, 10, 5, 3, 5, 1)"
    number = "search.rowid"

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    @staticmethod
    def match(text: str) -> str:
        """Return the query: each word as it is, perhaps as the start of a longer one."""
        return " ".join('"' + word.replace('"', '""') + '"*' for word in text.split())

    async def put(self, number: int, texts: tuple[str, ...]) -> None:
        """Index a product's texts."""
        await self._sql.run("DELETE FROM search WHERE rowid = ?", number)
        await self._sql.run(
            "INSERT INTO search (rowid, title, brand, category, variants, description) VALUES (?, ?, ?, ?, ?, ?)",
            number,
            *texts,
        )
