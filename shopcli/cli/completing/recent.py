"""What a shop beyond a network said of its catalog a moment ago: TAB is often pressed twice, and letter by letter.

Only the catalog is kept, which is the same for everybody; carts, orders and payments are asked for each time.
"""

import json
import time
from contextlib import suppress

from backends.private import read_json, write_text
from shopcli.cli.completing.words import MORE, Candidate

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopcli.core.shop import Shop

    Answers = dict[str, tuple[float, list[tuple[str, str]]]]

SECONDS = 60
"""So long an answer is good for."""
_MOST_BYTES = 48 * 1024
"""As much is kept of the newest answers; a file is read up to 64 KiB."""
_CATALOG = ("PRODUCT", "PRODUCT[/VARIANT][:QTY]", "CATEGORY")
_NEAR = ("memory", "sqlite")


def is_kept(shop: "Shop", metavar: str) -> bool:
    """Whether what `shop` says about `metavar` may be as it was a minute ago. Shops in process are asked anyway."""
    return metavar in _CATALOG and shop.url.partition(":")[0] not in _NEAR


def recalled(shop: "Shop", metavar: str, part: str) -> list[Candidate] | None:
    """Return what was said for `part`, or was all there is for fewer letters of it; None where nothing was."""
    answers = _read(_file(shop))
    for length in range(len(part), -1, -1):
        _, said = answers.get(_question(shop, metavar, part[:length]), (0, []))
        found = [Candidate(*each) for each in said]
        if found and (length == len(part) or _covers(found, part)):
            return found
    return None


def keep(shop: "Shop", metavar: str, part: str, found: "Sequence[Candidate]") -> None:
    """Keep what was said for `part`, if this shop has a directory: TAB makes none."""
    file = _file(shop)
    if not found or not file.parent.is_dir():
        return
    said = [(each.text, each.description) for each in found]
    answers = {**_read(file), _question(shop, metavar, part): (time.time(), said)}
    while len(text := json.dumps(answers)) > _MOST_BYTES:
        del answers[next(iter(answers))]
    with suppress(OSError):  # whoever else presses TAB right now may be in the way, and keeps its own
        write_text(file, text)


def _covers(found: "Sequence[Candidate]", part: str) -> bool:
    """Whether all that `part` can become is among what was found for fewer letters; how many pieces is not."""
    return ":" not in part and not any(each.text.endswith(MORE) for each in found)


def _read(file: "Path") -> "Answers":
    """Return what was said within the last minute; nothing where the file is not ours to understand."""
    try:
        kept: Answers = read_json(file)  # type: ignore[assignment]  # as it was written
        return {question: (at, said) for question, (at, said) in kept.items() if 0 <= time.time() - at < SECONDS}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _question(shop: "Shop", metavar: str, part: str) -> str:
    return f"{shop.url} {metavar} {part}"


def _file(shop: "Shop") -> "Path":
    return shop.directory / "completion.json"
