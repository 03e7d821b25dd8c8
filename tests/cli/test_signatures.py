from pathlib import Path

import shopcli.cli.signatures as table
from shopcli.cli.commands import TABLE, Branch
from shopcli.cli.options import FLAGS, OUTPUTS, VALUES
from shopcli.cli.read_signatures import signatures


def test_the_table_is_what_its_generator_writes() -> None:
    written = Path(table.__file__).read_text("utf-8")

    assert written == signatures(), "python -m shopcli.cli.read_signatures writes it anew"


def test_every_option_of_every_command_is_in_it() -> None:
    spelled = {spellings[-1]: metavar for spellings, metavar, *_ in table.GLOBALS}

    assert {name for name, metavar in spelled.items() if metavar} == set(VALUES)
    assert {name for name, metavar in spelled.items() if not metavar} == {*FLAGS, "--help"}
    assert next(choices for spellings, _, _, choices, _ in table.GLOBALS if "-o" in spellings) == OUTPUTS


def test_nouns_are_those_of_the_commands() -> None:
    assert list(table.NOUNS) == [name for name, entry in TABLE.items() if isinstance(entry, Branch)]
    assert {path.partition(" ")[0] for path in table.COMMANDS} == set(TABLE)


def test_the_table_says_what_an_option_takes() -> None:
    _, arguments, options = table.COMMANDS["products list"]
    _, items, _ = table.COMMANDS["cart add"]
    by_name = {spellings[-1]: rest for spellings, *rest in options}

    assert arguments == ()
    assert by_name["--in-stock"][0] == ""
    assert by_name["--category"][0] == "CATEGORY"
    assert by_name["--sort"][2] == ("relevance", "title", "price", "-price")
    assert [(metavar, repeats) for metavar, repeats, *_ in items] == [("PRODUCT[/VARIANT][:QTY]", True)]
