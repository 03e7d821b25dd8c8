import pytest

from shopcli.cli.failures import Usage
from shopcli.cli.next_commands import repeated
from shopcli.cli.options import hoist, hostile, wants_json


@pytest.mark.parametrize(
    "line",
    [
        ["cart", "show", "--json"],
        ["--json", "cart", "show"],
        ["cart", "--json", "show"],
        ["cart", "show", "-o", "json"],
        ["cart", "show", "-ojson"],
        ["cart", "show", "-o=json"],
        ["--output=json", "cart", "show"],
        ["-o", "tsv", "cart", "show", "--json"],
    ],
)
def test_an_option_means_the_same_anywhere_on_the_line(line: list[str]) -> None:
    options, rest = hoist(line, {})

    assert rest == ["cart", "show"]
    assert options.output == "json"


def test_short_flags_can_share_a_dash() -> None:
    options, rest = hoist(["-qv", "whoami"], {})

    assert (options.quiet, options.verbose, rest) == (True, True, ["whoami"])


def test_nothing_behind_two_dashes_is_touched() -> None:
    options, rest = hoist(["products", "search", "--", "--json"], {"SHOP_OUTPUT": "tsv"})

    assert rest == ["products", "search", "--", "--json"]
    assert options.output == "tsv"


def test_the_value_of_a_commands_option_is_not_an_option() -> None:
    options, rest = hoist(["signup", "--name", "--json", "--json"], {})

    assert rest == ["signup", "--name", "--json"]
    assert options.output == "json"


def test_the_value_of_an_option_is_not_another_option() -> None:
    with pytest.raises(Usage, match="--fields needs a value"):
        hoist(["cart", "show", "--fields", "--json"], {})


def test_whether_an_option_takes_a_value_depends_on_the_command() -> None:
    assert hoist(["services", "fault", "carts", "crash", "--step", "--json"], {})[1][-2:] == ["--step", "--json"]
    options, rest = hoist(["demo", "run", "--step", "--json"], {})  # a flag of that name

    assert (options.output, rest) == ("json", ["demo", "run", "--step"])


@pytest.mark.parametrize(
    "line", [["--name", "--json"], ["nonsense", "--name", "--json"], ["products", "--json", "--x"]]
)
def test_an_option_of_no_command_takes_nothing(line: list[str]) -> None:
    options, rest = hoist(line, {})

    assert options.output == "json"
    assert "--json" not in rest


@pytest.mark.parametrize(
    "line",
    [
        ["--backend"],
        ["--backend="],
        ["--profile"],
        ["--trace=yes"],
        ["-o"],
        ["-o", "xml"],
        ["--fields", ","],
        ["--fields", "id", "-o", "id"],
        ["--json=yes"],
        ["--timeout", "0"],
        ["--timeout", "-1"],
        ["--timeout", "1e3"],
        ["--timeout", "nan"],
        ["--timeout", "٣"],
        ["--timeout", "3601"],
        ["--timeout", "9" * 400],
    ],
)
def test_odd_values_are_usage_errors(line: list[str]) -> None:
    with pytest.raises(Usage):
        hoist(line, {})


def test_a_flag_beats_the_environment_beats_the_default() -> None:
    environment = {"SHOP_BACKEND": "memory:", "SHOP_OUTPUT": "jsonl"}

    assert hoist([], {})[0].backend is None
    assert hoist([], environment)[0].backend == "memory:"
    assert hoist(["--backend", "sqlite:/x"], environment)[0].backend == "sqlite:/x"
    assert hoist([], environment)[0].output == "jsonl"
    assert hoist(["-o", "id"], environment)[0].output == "id"
    assert hoist([], {"SHOP_FORCE_TTY": "1"})[0].output == "table"


BOTH = {"SHOP_BACKEND": "memory:", "SHOP_PROFILE": "corner"}


@pytest.mark.parametrize(
    ("line", "environment", "expected"),
    [
        (["--backend", "sqlite:/x"], BOTH, ("sqlite:/x", None, "--backend", ("--backend", "sqlite:/x"))),
        (["--profile", "mine"], BOTH, (None, "mine", "--profile", ("--profile", "mine"))),
        ([], BOTH, ("memory:", None, "SHOP_BACKEND", None)),
        ([], {"SHOP_PROFILE": "corner"}, (None, "corner", "SHOP_PROFILE", None)),
        ([], {"SHOP_BACKEND": "", "SHOP_PROFILE": ""}, (None, None, None, None)),
    ],
)
def test_which_shop_is_said_by_a_flag_then_a_variable_and_by_a_url_before_a_name(
    line: list[str], environment: dict[str, str], expected: tuple[object, ...]
) -> None:
    options = hoist(line, environment)[0]

    assert (options.backend, options.profile, options.chosen_by, options.again) == expected


def test_two_flags_that_say_which_shop_contradict_each_other() -> None:
    with pytest.raises(Usage, match="--backend and --profile"):
        hoist(["--profile", "corner", "cart", "show", "--backend", "memory:"], {})


def test_a_trace_can_be_asked_for_anywhere() -> None:
    assert hoist(["cart", "--trace", "show"], {})[0].trace
    assert not hoist(["cart", "show"], {})[0].trace


@pytest.mark.parametrize("off", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_switched_off(off: dict[str, str]) -> None:
    assert hoist([], {"NO_COLOR": ""})[0].color
    assert not hoist([], off)[0].color
    assert not hoist(["--no-color"], {})[0].color


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["--json", "--timeout", "x"], True),
        (["-o", "json", "-o"], True),
        (["-ojsonl"], True),
        (["--output=json"], True),
        (["json"], False),
        (["search", "--", "--json"], False),
        (["-o", "xml"], False),
    ],
)
def test_a_broken_line_can_still_ask_for_json(line: list[str], expected: bool) -> None:
    assert wants_json(line, {}) is expected


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (["cart", "show"], None),
        (["search", "Straße 日本 👩‍💻"], None),
        (["a", "b\x1b[2J"], 2),
        (["\udcff"], 1),
        (["a\nb"], 1),
        (["a\x9bb"], 1),
        (["a\x7f"], 1),
    ],
)
def test_hostile_arguments_are_found(line: list[str], place: int | None) -> None:
    assert hostile(line) == place


def test_an_address_with_a_password_is_not_said_again() -> None:
    assert repeated("shop backends list", ("--backend", "https://ada:s3cret@shop.example")) == "shop backends list"
    assert repeated("shop whoami", ("--backend", "sqlite:a@b")) == "shop --backend sqlite:a@b whoami"
