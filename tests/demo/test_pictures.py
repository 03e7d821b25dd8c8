"""The README's picture of a demo shows it as it is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "buy-now.svg"
RECORD = "demo run buy-now --record"


def test_the_picture_is_current(tmp_path: Path) -> None:
    drawn = tmp_path / "buy-now.svg"
    subprocess.run(
        [sys.executable, "-m", "shopcli", *RECORD.split(), str(drawn)],
        cwd=ROOT,
        env={**os.environ, "SHOP_DATA_DIR": str(tmp_path / "data")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )

    assert drawn.read_text("utf-8") == PICTURE.read_text("utf-8"), f"shop {RECORD} {PICTURE.relative_to(ROOT)}"


def test_the_readme_begins_with_it() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert readme.index("docs/pictures/buy-now.svg") < readme.index("## Buy something")
    assert readme.index("python3 dev.py shop demo run buy-now") < readme.index("python3 dev.py test")
