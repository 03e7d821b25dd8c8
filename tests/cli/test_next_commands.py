"""The command that is named next works as it stands."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from shopcli.cli.commands import TABLE, Branch, Leaf
from shopcli.cli.help import ROOT
from shopcli.cli.next_commands import repeated
from stub_services.products.catalog import read_catalog
from tests.cli.conftest import Run


def commands() -> Iterator[str]:
    """Yield every help text."""
    yield ROOT
    for entry in TABLE.values():
        for leaf in entry.verbs.values() if isinstance(entry, Branch) else [entry]:
            yield text_of(leaf)


def text_of(leaf: Leaf) -> str:
    module, _, function = leaf.function.partition(":")
    return inspect.getdoc(getattr(import_module(f"shopcli.cli.{module}"), function)) or ""


@pytest.mark.parametrize(
    ("command", "again", "expected"),
    [
        ("shop cart show", None, "shop cart show"),
        ("shop cart show", ("--backend", "memory:"), "shop --backend memory: cart show"),
        ("shop cart show", ("--backend", "sqlite:/a b"), "shop --backend 'sqlite:/a b' cart show"),
        ("shop cart show", ("--profile", "corner"), "shop --profile corner cart show"),
        ("shop --backend memory: cart show", ("--backend", "sqlite:/x"), "shop --backend memory: cart show"),
        ("shop --profile x orders list", ("--profile", "y"), "shop --profile x orders list"),
        ("shop profile list", ("--profile", "y"), "shop profile list"),
        ("free some space", ("--backend", "memory:"), "free some space"),
    ],
)
def test_the_next_command_goes_to_the_same_shop(command: str, again: tuple[str, str] | None, expected: str) -> None:
    assert repeated(command, again) == expected


def test_an_order_that_waits_for_its_payment_is_on_the_start_screen(ada: Run) -> None:
    ada("cart", "add", "canon-ef-50mm-f1-8-stm")
    ada("checkout", "--yes", "--pay", "later")
    ada("orders", "resume")

    screen = ada()
    assert "order 1001 waits for its payment until " in screen.out
    assert "→ shop orders pay 1001\n" in screen.out
    assert ada("--json").json["unpaid"] == "1001"


def test_memory_says_that_it_forgets(run: Run) -> None:
    result = run("--backend", "memory:", "cart", "add", "canon-ef-50mm-f1-8-stm")
    assert result.code == 0
    assert "memory: forgets everything when this command ends\n" in result.err


@pytest.mark.parametrize("line", ["services stop payments", "services fault payments hang"])
def test_nothing_can_be_done_next_at_a_shop_that_ends_here(run: Run, line: str) -> None:
    result = run("--backend", "memory:", *line.split())
    assert result.code == 0
    assert "→ shop --backend memory: services" not in result.err


def test_a_plug_in_that_is_gone_is_looked_for_in_the_list(run: Run, tmp_path: Path) -> None:
    run("profile", "create", "corner", "memory:")
    (tmp_path / "data" / "profiles" / "corner" / "profile.json").write_text('{"backend": "gone:x"}', "utf-8")
    result = run("cart", "show", "--profile", "corner")
    assert (result.code, result.err.splitlines()[1]) == (12, "→ shop backends list")
    assert run("backends", "list").code == 0


def test_a_quantity_behind_a_space_is_understood_as_a_slip(run: Run) -> None:
    result = run("cart", "add", "sigma-35-f2/sony-e", "2", "--json")
    assert (result.code, result.error["hint"]) == (2, "shop cart add sigma-35-f2/sony-e:2")
    assert run("cart", "show", "--json").json["lines"] == []


def test_watching_ends_when_its_time_is_over(ada: Run) -> None:
    ada("cart", "add", "canon-ef-50mm-f1-8-stm")
    ada("checkout", "--yes", "--pay", "later")

    result = ada("orders", "watch", "@last", "--timeout", "0.01")
    assert (result.code, result.rows[0][:2]) == (8, ["1001", "awaiting_payment"])
    assert "is awaiting_payment until " in result.err


EXAMPLES = {line for entry in commands() for line in re.findall(r"^ {2}(shop .*)$", entry, re.MULTILINE)}


def test_the_products_in_the_examples_exist() -> None:
    refs = [
        word.partition(":")[0]
        for example in EXAMPLES
        if example.startswith(("shop cart add ", "shop products show "))
        for word in example.split()[3:]
        if not word.startswith("-") and word != "id"
    ]
    known = {f"{product.slug}/{variant.name}" for product in read_catalog() for variant in product.variants}
    known |= {product.slug for product in read_catalog()}
    assert len(refs) > 3
    assert [ref for ref in refs if ref not in known] == []


def test_a_search_in_an_example_finds_something(run: Run) -> None:
    for example in EXAMPLES:
        if example.startswith("shop products search"):
            assert run(*example.split()[1:]).out, example
