"""Draw the pictures of the full-screen shop that the README shows: docs/pictures/*.svg.

    python3 docs/pictures.py        from a checkout, with its .venv (the `test` extra)

A journey on `memory:`, by keys, with a screenshot at each station. A screenshot of Textual links a font on the web;
that link is left out.
"""

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
SIZE = (100, 26)
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_IDS = re.compile(r"terminal-\d+")


async def draw() -> dict[str, str]:
    """Return the pictures by name."""
    from tests.tui_checkout import HOME, filled, signed_in, to_review
    from tests.tui_driver import Screenful, screenful

    pictures: dict[str, str] = {}

    async def keep(shop: Screenful, name: str) -> None:
        await shop.pilot.pause()
        svg = _FONT.sub("", shop.app.export_screenshot(title="shop tui"))
        pictures[name] = _IDS.sub(f"shop-{name}", svg)

    async with screenful(size=SIZE) as shop:
        await signed_in(shop, HOME)
        await filled(shop)
        await shop.press("slash", *"sigma", "enter", "j", "j", "a", "a", "j", "a")
        await shop.until(lambda: shop.app.state.basket.is_settled and not shop.app.state.shelf.loading)
        await keep(shop, "browse")
        await shop.press("2")
        await keep(shop, "cart")
        await to_review(shop)
        await keep(shop, "checkout")
        await shop.press("tab", "enter")
        await shop.sees("paid")
        await shop.press("5")
        await shop.sees("last action")
        await keep(shop, "health")
    return pictures


def main() -> None:
    """Write them."""
    sys.path.insert(0, str(ROOT))
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        os.environ["SHOP_DATA_DIR"] = data
        for name, svg in asyncio.run(draw()).items():
            (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
