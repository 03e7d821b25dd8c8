"""What holds for the whole full-screen shop."""

import gc
import subprocess
import sys

from tests.tui_driver import screenful


async def test_what_stays_is_told_once_it_is_there() -> None:
    kept: list[int] = []
    async with screenful(keep=lambda: kept.append(len(kept))) as shop:
        at_first = len(kept)
        await shop.press("G")
        await shop.until(lambda: shop.app.state.shelf.is_whole)

    assert at_first >= 2  # the frame, the first page
    assert len(kept) == at_first + 1


def test_it_leaves_the_garbage_collectors_sight() -> None:
    code = "import gc; from shopcli.tui import keep_for_good; keep_for_good(); print(gc.get_freeze_count())"

    assert gc.get_freeze_count() < 1000  # of this process (a new one of 3.12 has 375): its own garbage is collected
    assert int(subprocess.check_output([sys.executable, "-c", code])) > 1000
