"""Backends of other people, found by their entry points."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from backends.errors import ConfigurationError, NotFound
from backends.plugins import installed
from backends.registry import BACKENDS, canonical, open_backend, plugins
from tests.plugins import CORNER, plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backends.interface import Backend


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that distributions can be installed into."""
    directory = tmp_path / "site"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    before = set(sys.modules)
    yield directory
    for name in set(sys.modules) - before:
        if str(directory) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def refusal(url: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        open_backend(url)
    return caught.value


def test_a_scheme_of_a_plug_in_is_opened_by_it(site: Path) -> None:
    plant(site, "corner-shop", "corner = corner_shop:open_corner", corner_shop=CORNER)

    backend: Backend = open_backend("corner://shop.example/Path?x=1")

    assert backend.name == "corner://shop.example/Path?x=1"
    assert canonical("corner://Shop.example/Path") == "corner://Shop.example/Path"


def test_plug_ins_are_listed_without_importing_them(site: Path) -> None:
    plant(site, "corner-shop", "corner = nowhere:open_corner", summary="Shops at the corner")

    (plugin,) = plugins()

    assert (plugin.scheme, plugin.distribution, plugin.version) == ("corner", "corner-shop", "1.2")
    assert (plugin.summary, plugin.trouble) == ("Shops at the corner", None)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise RuntimeError('no\\nluck \\x1b[31m')", "RuntimeError: no luck �[31m"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("raise SystemExit", "SystemExit"),
        ("def", "SyntaxError: invalid syntax"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("nothing = 1", "AttributeError: module 'broken' has no attribute 'open_it'"),
        ("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd", "Odd"),
        ("raise BaseException('x' * 1000)", "BaseException: xxx"),
    ],
)
def test_a_plug_in_that_cannot_be_imported_breaks_only_itself(site: Path, source: str, says: str) -> None:
    plant(site, "broken-shop", "broken = broken:open_it", broken=source)

    error = refusal("broken://secret")

    expected = f"the plug-in for broken: is broken (broken-shop 1.2): it cannot be imported: {says}"
    assert error.message.startswith(expected)
    assert "\n" not in error.message
    assert len(error.message) < 400
    assert error.hint == "shop doctor"
    assert open_backend("memory:").name == "memory:"


def test_what_cannot_be_called_is_broken_before_anybody_calls_it(site: Path) -> None:
    plant(site, "odd-shop", "odd = odd:open_it", odd="open_it = 'no function'")

    (found,) = plugins()
    assert found.why_broken() == "odd:open_it cannot be called: it is no function that opens a shop"
    assert "odd:open_it cannot be called" in refusal("odd:x").message


def test_what_a_plug_in_prints_while_it_is_imported_is_no_data(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(site, "loud-shop", "loud = loud:open_corner", loud=f"print('hello')\n{CORNER}")

    open_backend("loud:")

    assert capsys.readouterr() == ("", "hello\n")


def test_what_a_plug_in_prints_while_it_opens_a_shop_is_no_data(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opening = CORNER.replace("    return Corner(url)", "    print('hello')\n    return Corner(url)")
    plant(site, "loud-shop", "loud = loud:open_corner", loud=opening)

    open_backend("loud:")

    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise ZeroDivisionError('0')", "it cannot open a shop: ZeroDivisionError: 0"),
        ("raise SystemExit(3)", "it cannot open a shop: SystemExit: 3"),
        ("return None", "what it opens is no backend: it has no name, capabilities,"),
    ],
)
def test_an_opener_that_fails_is_named(site: Path, body: str, says: str) -> None:
    plant(site, "odd-shop", "odd = odd:open_it", odd=f"def open_it(url, *, sessions, clock, ids):\n    {body}")

    assert says in refusal("odd:x").message


def test_what_a_plug_in_says_about_its_url_is_left_as_it_is(site: Path) -> None:
    source = "from backends.errors import NotFound\ndef open_it(url, **_):\n    raise NotFound('no such street')"
    plant(site, "odd-shop", "odd = odd:open_it", odd=source)

    with pytest.raises(NotFound, match="no such street"):
        open_backend("odd:x")


def test_ctrl_c_while_a_plug_in_is_imported_is_ctrl_c(site: Path) -> None:
    plant(site, "slow-shop", "slow = slow:open_it", slow="raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        open_backend("slow:")


def test_no_plug_in_takes_the_place_of_what_is_built_in(site: Path) -> None:
    plant(site, "evil-shop", "memory = evil:open_it\nsqlite = evil:open_it", evil="raise RuntimeError")

    assert open_backend("memory:").name == "memory:"
    assert {plugin.scheme: plugin.trouble for plugin in plugins()} == {
        name: f"{name}: is built in, and no plug-in takes the place of what is" for name in ("memory", "sqlite")
    }


def test_two_plug_ins_for_one_scheme_are_both_refused(site: Path) -> None:
    plant(site, "one-shop", "corner = one:open_corner", one=CORNER)
    plant(site, "two-shop", "corner = two:open_corner", two=CORNER)

    assert [plugin.trouble for plugin in plugins()] == ["two-shop offers corner: too", "one-shop offers corner: too"]
    assert "two-shop offers corner: too" in refusal("corner:").message


def test_a_distribution_found_twice_is_one(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(site, "corner-shop", "corner = corner_shop:open_corner", corner_shop=CORNER)
    older = tmp_path / "older"
    older.mkdir()
    plant(older, "Corner-Shop", "corner = older:open_corner", version="0.1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(older)])

    assert [(plugin.version, plugin.trouble) for plugin in plugins()] == [("1.2", None)]


def test_what_is_written_badly_is_told_and_stops_nobody(site: Path) -> None:
    plant(site, "corner-shop", "corner = corner_shop:open_corner", corner_shop=CORNER)
    plant(site, "odd-shop", "this is no entry point")
    plant(site, "loud-shop", "CORNER = loud:open_corner")
    plant(site, "nameless", "silent = silent:open_it").joinpath("METADATA").unlink()
    (plant(site, "binary", "") / "entry_points.txt").write_bytes(b"\xff\xfe[shop.backends]")

    found = {plugin.scheme: plugin for plugin in installed(frozenset(BACKENDS))}

    assert found["corner"].trouble is None
    assert (found["?"].distribution, "cannot be read" in (found["?"].trouble or "")) == ("odd-shop", True)
    assert found["CORNER"].trouble == "'CORNER' is no URL scheme in lower case"
    assert found["silent"].distribution == "a distribution without a name"
    assert open_backend("corner:").name == "corner:"


def test_an_unknown_scheme_is_told_with_those_of_plug_ins(site: Path) -> None:
    plant(site, "corner-shop", "corner = corner_shop:open_corner\nhttp = corner_shop:open_corner", corner_shop=CORNER)

    assert refusal("gopher:x").message == "no backend serves 'gopher'; known: corner:, http:, https:, memory:, sqlite:"
    assert refusal("gopher:x").hint == "shop backends list"
    assert refusal("corner").message.startswith("no backend serves 'corner'")
    assert refusal("corner").hint == "shop --backend sqlite:DIRECTORY"


def test_an_address_with_a_password_is_refused_without_quoting_it(site: Path) -> None:
    plant(site, "corner-shop", "corner = corner_shop:open_corner", corner_shop=CORNER)

    error = refusal("corner://ada:sesame@shop.example")

    assert error.message == "a shop's address holds no user and no password"
    assert open_backend("corner://shop.example/@ada").name == "corner://shop.example/@ada"
