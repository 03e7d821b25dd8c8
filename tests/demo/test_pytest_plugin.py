"""pytest with shop installed beside it: what is collected, how a failure reads, and what it costs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """---
title: A cart
needs: [{needs}]
secrets: {{password: correct horse 9 battery}}
---
# Fill it
```shop
$ cart add nikon-z-fc:2
? .lines.length == 1
? .totals.total == "{total}"
```
"""
HALVES = {
    "no-front.md": "# A page\n```shop\n$ cart show\n```\n",
    "no-block.md": "---\ntitle: A page\n---\n```sh\nshop cart show\n```\n",
    "other.md": "---\nlayout: post\n---\nThe word ```shop in prose.\n",
}
MODULES = """
import sys
def pytest_sessionfinish():
    ours = ("shopcli", "backends", "stub_services")
    print("LOADED", sorted(name for name in sys.modules if name.split(".")[0] in ours))
"""


def scenario(directory: Path, name: str = "cart.md", *, total: str = "1798.00 EUR", needs: str = "guest_cart") -> Path:
    path = directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(GOOD.format(total=total, needs=needs))
    return path


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a pytest that knows of shop only that it is installed; a warning is an error."""
    hidden = ("SHOP_", "PYTEST_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:schemathesis", "-p", "no:cacheprovider", *arguments],
        cwd=directory,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_scenario_on_the_command_line_is_a_test(tmp_path: Path) -> None:
    scenario(tmp_path)

    done = run(tmp_path, "-v", "cart.md")

    assert "cart.md::A cart PASSED" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_a_failure_has_file_line_expected_and_actual(tmp_path: Path) -> None:
    scenario(tmp_path, total="1799.00 EUR")

    done = run(tmp_path, "cart.md")

    assert done.returncode == 1
    assert 'cart.md:10: expected == "1799.00 EUR", got "1798.00 EUR"' in done.stdout
    assert '>   ? .totals.total == "1799.00 EUR"' in done.stdout
    assert "$ cart add nikon-z-fc:2" in done.stdout
    assert '"unit_price"' in done.stdout, "what was looked into"
    assert "pytest_plugin.py" not in done.stdout, "no traceback of ours"


def test_what_a_shop_cannot_do_is_skipped_with_the_reason(tmp_path: Path) -> None:
    scenario(tmp_path, needs="virtual_clock")

    done = run(tmp_path, "-rs", "cart.md", "--shop-backend", f"sqlite:{tmp_path / 'shop'}")

    assert "this shop has no virtual_clock" in done.stdout
    assert "1 skipped" in done.stdout


def test_a_mistake_in_a_scenario_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = scenario(tmp_path)
    path.write_text(path.read_text().replace("==", "=", 1))

    done = run(tmp_path, "cart.md")

    assert done.returncode == 2
    assert "cart.md:9:" in done.stdout
    assert "expected an operator" in done.stdout


def test_patterns_of_the_configuration_are_collected_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nshop_demo = docs/*.md e2e/a*.md\n")
    for name in ("docs/one.md", "e2e/all.md", "e2e/none.md", "README.md"):
        scenario(tmp_path, name)
    for name, text in HALVES.items():
        (tmp_path / "docs" / name).write_text(text)

    done = run(tmp_path, "--co", "-q")

    assert done.stdout.split("\n\n")[0].splitlines() == ["docs/one.md::A cart", "e2e/all.md::A cart"]


def test_without_the_option_no_markdown_is_collected(tmp_path: Path) -> None:
    scenario(tmp_path)

    assert run(tmp_path).returncode == 5, "no tests were collected"


@pytest.mark.parametrize("name", HALVES)
def test_other_markdown_on_the_command_line_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(HALVES[name])

    assert "not found" in run(tmp_path, name).stderr


def test_the_shop_of_the_command_line_is_not_the_shop_of_scenarios(tmp_path: Path) -> None:
    scenario(tmp_path)

    assert run(tmp_path, "cart.md", SHOP_BACKEND="http://127.0.0.1:9", SHOP_OUTPUT="json").returncode == 0


def test_a_shop_that_is_not_there_fails_by_name(tmp_path: Path) -> None:
    scenario(tmp_path)

    done = run(tmp_path, "cart.md", "--shop-backend", "http://127.0.0.1:9", "--shop-timeout", "2")

    assert done.returncode == 1
    assert "127.0.0.1:9 cannot be reached" in done.stdout


def test_the_owners_file_has_to_belong_to_the_shop(tmp_path: Path) -> None:
    scenario(tmp_path)
    keys = tmp_path / "owner.json"
    keys.write_text(json.dumps({"gateway": "http://127.0.0.1:8"}))
    keys.chmod(0o600)

    done = run(tmp_path, "cart.md", "--shop-backend", "http://127.0.0.1:9", f"--shop-owner={keys}")

    assert done.returncode == 1
    assert "belongs to the shop at http://127.0.0.1:8" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_shop_is_not_named_for_nothing(workers: str, tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")

    done = run(tmp_path, "-n", workers, "--shop-backend", "http://127.0.0.1:9")

    assert done.returncode == 1
    assert "no scenario was collected" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_a_shop_that_the_configuration_names_troubles_no_other_tests(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --shop-backend http://127.0.0.1:9\n")
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")

    assert run(tmp_path).returncode == 0


def test_several_at_once(tmp_path: Path) -> None:
    names = [scenario(tmp_path, f"{number}.md").name for number in range(4)]

    assert "4 passed" in run(tmp_path, "-n", "2", *names).stdout


def test_who_has_no_scenario_pays_for_a_handful_of_modules(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(MODULES)
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    (tmp_path / "README.md").write_text(HALVES["no-front.md"])

    done = run(tmp_path, "-s")

    assert done.returncode == 0
    loaded = ["backends", "backends.lazy", "shopcli", "shopcli.demo", "shopcli.demo.pytest_plugin"]
    assert f"LOADED {loaded}" in done.stdout
