"""The keys that a person chose."""

from pathlib import Path

import pytest

from backends.errors import ConfigurationError
from shopcli.core.shop import open_shop
from shopcli.tui import full_screen
from shopcli.tui.app import LIGHT
from shopcli.tui.keymap import UnusableKeys, load
from shopcli.tui.screens.filters import FilterScreen
from shopcli.tui.screens.help import HelpScreen
from tests.tui_driver import screenful


@pytest.fixture
def settings(own_home: Path) -> Path:
    path = own_home / "config" / "config.toml"
    path.parent.mkdir()
    return path


def written(path: Path, text: str) -> dict[str, str]:
    path.write_text(f"[keys]\n{text}\n", "utf-8")
    return load(path)


def refused(path: Path, text: str) -> str:
    with pytest.raises(UnusableKeys) as caught:
        written(path, text)
    assert str(path) in caught.value.message
    assert str(path) in str(caught.value.hint)
    return caught.value.message


def test_no_file_and_no_table_choose_nothing(settings: Path) -> None:
    assert load(settings) == {}
    settings.write_text("[colours]\nname = 'dark'\n")
    assert load(settings) == {}


def test_keys_are_called_as_textual_calls_them(settings: Path) -> None:
    assert written(settings, 'search = "ctrl+f, F, ?"\nhelp = "f1"') == {
        "search": "ctrl+f,F,question_mark",
        "help": "f1",
    }
    assert written(settings, 'undo = "z, %, z"') == {"undo": "z,percent_sign"}
    assert written(settings, 'undo = "ö,ctrl+Y"') == {"undo": "ö,ctrl+y"}


def test_an_id_needs_no_quotes(settings: Path) -> None:
    assert written(settings, 'cart.remove = "d"') == written(settings, '"cart.remove" = "d"') == {"cart.remove": "d"}


def test_the_example_of_the_documentation_is_a_table_of_keys(settings: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "tui.md"
    _, _, rest = page.read_text("utf-8").partition("```toml\n[keys]\n")

    assert written(settings, rest.partition("```")[0]) == {"quit": "ctrl+w", "cart.remove": "d,delete"}


def test_two_commands_can_swap_their_keys(settings: Path) -> None:
    assert written(settings, 'search = "f"\nfilter = "slash"') == {"search": "f", "filter": "slash"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('serch = "f2"', "no command 'serch', did you mean search?"),
        ('zzz = "f2"', "no command 'zzz'"),
        ('search = "ctlr+f"', "search: there is no key 'ctlr+f'"),
        ('search = "pgeup"', "search: there is no key 'pgeup', did you mean pageup?"),
        ('search = "<any>"', "there is no key '<any>'"),
        ('search = "ctrl+"', "there is no key 'ctrl+'"),
        ('search = "/,,f9"', "there is no key ''"),
        ('search = ""', "search: keys are a text"),
        ("search = 5", "search: keys are a text"),
        ('search = "ctrl+j"', "search: ctrl+j cannot be chosen: terminals send it for enter"),
        ('search = "ctrl+S"', "search: ctrl+S cannot be chosen"),
        ('search = "tab"', "search: tab cannot be chosen"),
        ('search = "shift+a"', "write the letter"),
        ('search = "f"', "search: f is the key of filter already"),
        ('undo = "x"', "undo: x is the key of cart.remove already"),
        ('"browse.add" = "j"', "browse.add: j is the key of list.down already"),
        ('search = "f12"\nfilter = "f12"', "F12 is the key of"),
        ("search = [", "it is not TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(settings: Path, text: str, reason: str) -> None:
    assert reason in refused(settings, text)


def test_a_misspelt_table_and_a_file_that_cannot_be_read_are_refused(settings: Path) -> None:
    settings.write_text("[key]\nsearch = 'f2'\n")
    with pytest.raises(UnusableKeys, match=r"did you mean \[keys\]\?"):
        load(settings)
    settings.write_bytes(b"\xff")
    with pytest.raises(UnusableKeys, match="not TOML"):
        load(settings)
    settings.write_text("keys = 5\n")
    with pytest.raises(UnusableKeys, match="a table"):
        load(settings)
    settings.unlink()
    settings.mkdir()
    with pytest.raises(UnusableKeys, match="directory"):
        load(settings)


def test_they_are_refused_before_the_screen_opens(settings: Path) -> None:
    settings.write_text("[keys]\nsearch = 'f'\n")

    with pytest.raises(ConfigurationError, match="search: f is the key of filter"):
        full_screen(open_shop("memory:"), page="browse", timeout=5, color=True)


@pytest.mark.parametrize(("text", "light"), [("theme = 'light'\n", True), ("theme = 'dark'\n", False), ("", False)])
def test_the_settings_say_which_theme_it_begins_with(
    settings: Path, monkeypatch: pytest.MonkeyPatch, text: str, light: bool
) -> None:
    settings.write_text(text)
    begun: list[bool] = []
    monkeypatch.setattr("shopcli.tui.app.ShopApp.run", lambda app: begun.append(app._light))  # noqa: SLF001

    full_screen(open_shop("memory:"), page="browse", timeout=5, color=True)
    assert begun == [light]


async def test_a_light_theme_is_there_from_the_start() -> None:
    async with screenful(light=True) as shop:
        assert shop.app.theme == LIGHT


async def test_a_chosen_key_works_the_old_one_does_not_and_the_screen_says_so() -> None:
    async with screenful(keymap={"filter": "f4,F", "help": "f9"}) as shop:
        await shop.sees("F4 Filter", "F9 Help")

        await shop.press("f", "question_mark")
        assert not isinstance(shop.app.screen, FilterScreen | HelpScreen)
        await shop.press("F")
        assert isinstance(shop.app.screen, FilterScreen)
        await shop.press("escape", "f4")
        assert isinstance(shop.app.screen, FilterScreen)

        await shop.press("escape", "f9")
        await shop.sees("F4 F ", "Filter by category")


async def test_a_list_takes_other_keys_too() -> None:
    async with screenful(keymap={"list.down": "n"}) as shop:
        await shop.press("j", "down", "n")

        await shop.sees("▸ Canon EF 50mm")


@pytest.mark.parametrize(("command_id", "old"), [("palette", "ctrl+p"), ("quit", "ctrl+q")])
async def test_the_keys_of_textual_itself_are_given_up_as_well(command_id: str, old: str) -> None:
    async with screenful(keymap={command_id: "f9"}) as shop:
        await shop.press(old)
        await shop.pilot.pause()

        assert len(shop.app.screen_stack) == 1
        assert shop.app.return_code is None
        await shop.press("f9")
        assert len(shop.app.screen_stack) == 2 or shop.app.return_code == 0


async def test_the_palette_shows_the_chosen_key() -> None:
    async with screenful(size=(100, 40), keymap={"filter": "f4"}) as shop:
        await shop.press("ctrl+p")

        await shop.sees("Filter by category, price and stock · F4 · shop products list")
