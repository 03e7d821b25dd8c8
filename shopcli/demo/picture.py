"""Text with colours as an SVG: a terminal of 80 columns and as many rows as it takes.

Every run of text has its place and its length, so that any monospaced font keeps the columns; none is loaded.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from shopcli.demo.ansi import cells, runs
from shopcli.demo.narration import WIDTH

_CELL, _ROW, _SIZE = 8.4, 19, 14
"""Pixels of a column and of a row, and the font's size: a monospaced font is 0.6 as wide as high."""
_MARGIN, _BAR = 18, 40

_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# Each is readable on the background (WCAG 2, contrast above 4.5).
_COLORS = {"31": "#ff8080", "32": "#7ee08a", "33": "#f0c674", "34": "#82aaff", "35": "#d7a6ff", "36": "#7fdbff"}
_SHAPES = {"1": "font-weight:bold", "2": "fill:#8b93a7", "3": "font-style:italic"}
_BACKGROUND, _INK = "#161b26", "#dce1ea"


def draw(text: str, *, title: str) -> str:
    """Return the picture."""
    lines = text.rstrip("\n").split("\n")
    width = round(WIDTH * _CELL + 2 * _MARGIN)
    height = _BAR + len(lines) * _ROW + _MARGIN
    styles = [f".c{code}{{fill:{color}}}" for code, color in _COLORS.items()]
    styles += [f".c{code}{{{shape}}}" for code, shape in _SHAPES.items()]
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        f"<style>text{{font:{_SIZE}px {_FONTS};fill:{_INK};white-space:pre}}{''.join(styles)}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{_BACKGROUND}"/>',
        *(
            f'<circle cx="{_MARGIN + 6 + at * 20}" cy="20" r="6" fill="{color}"/>'
            for at, color in enumerate(("#ff6058", "#ffbd2e", "#28c840"))
        ),
        *(part for row, line in enumerate(lines) for part in _row(row, line)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(row: int, line: str) -> Iterator[str]:
    column = 0
    y = _BAR + row * _ROW + _SIZE
    for text, codes in runs(line):
        length = cells(text)
        shown = text.strip(" ")
        if shown:
            x = _MARGIN + (column + len(text) - len(text.lstrip(" "))) * _CELL
            known = [f"c{code}" for code in codes if code in _COLORS or code in _SHAPES]
            style = f' class="{" ".join(known)}"' if known else ""
            fit = f'textLength="{cells(shown) * _CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
            yield f'<text x="{x:.1f}" y="{y}" {fit}{style} xml:space="preserve">{escape(shown)}</text>'
        column += length
