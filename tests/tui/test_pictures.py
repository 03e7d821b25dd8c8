"""The README's pictures show the shop as it is: `python3 docs/pictures.py` draws them anew."""

import re
import runpy
from pathlib import Path

DRAW = Path(__file__).parents[2] / "docs" / "pictures.py"
_OF_THE_DAY = re.compile(r"\d\d:\d\d:\d\d|[\d.]+(&#160;)ms")


async def test_the_pictures_are_current() -> None:
    drawn = await runpy.run_path(str(DRAW))["draw"]()

    for name, svg in drawn.items():
        kept = (DRAW.parent / "pictures" / f"{name}.svg").read_text("utf-8")
        assert _of_any_day(svg) == _of_any_day(kept), f"{name}: python3 docs/pictures.py"


def _of_any_day(svg: str) -> str:
    """Leave out what the time of day, and how long something took, put into a picture: also the widths of its parts."""
    places = re.sub(r'textLength="[^"]*"|x="[^"]*"|width="[^"]*"', "", _OF_THE_DAY.sub("", svg))
    return re.sub(r"(?:&#160;|[─·])+", "", places)
