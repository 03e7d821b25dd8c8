"""The contract suite as a package: whole, and out of the way of whoever does not run it."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import backends.conformance
from backends.conformance.places import TEST_CARDS, known_methods
from backends.conformance.running import areas

CONTRACT = Path(__file__).parents[1] / "contract"


def test_every_area_is_run_at_our_own_backends() -> None:
    collected = {path.stem.removeprefix("test_") for path in CONTRACT.glob("test_*.py")}

    assert collected == set(areas())
    for area in areas():
        star = f"from backends.conformance.test_{area} import *\n"
        assert (CONTRACT / f"test_{area}.py").read_text("utf-8").endswith(star)


def test_the_contract_itself_knows_no_pytest() -> None:
    everything = "import backends; [getattr(backends, name) for name in backends.__all__]"
    subprocess.run([sys.executable, "-c", f"{everything}; import sys; assert 'pytest' not in sys.modules"], check=True)


def test_the_example_for_a_backends_own_tests_runs(tmp_path: Path) -> None:
    written = dedent(str(backends.conformance.__doc__).split("\n\n", 2)[2].rpartition("\n\n")[0])
    _, conftest, tests = written.split("# tests/")
    shop = f"sqlite:{tmp_path / 'shop'}"
    (tmp_path / "conftest.py").write_text("#" + conftest.replace("corner:127.0.0.1", shop).replace("good", "visa"))
    (tmp_path / "test_shop.py").write_text("#" + tests.replace("test_carts", "test_cancelling"))

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTEST_ADDOPTS": "-c /dev/null --disable-plugin-autoload"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert "9 passed, 2 skipped" in ran.stdout, ran.stdout + ran.stderr


def test_only_a_test_card_is_paid_with() -> None:
    assert known_methods(set()) is None
    assert known_methods({"tok_b", "tok_a"}) is not None
    ours = known_methods({"tok_visa", "tok_declined", "tok_insufficient_funds", "tok_lost_answer"})
    assert ours == TEST_CARDS
    fewer = known_methods({"tok_visa"})
    assert fewer is not None
    assert (fewer.good, fewer.declined, fewer.lost) == ("tok_visa", None, None)
