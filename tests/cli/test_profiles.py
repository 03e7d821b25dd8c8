"""`shop profile`, and which shop a command goes to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Finish, Run, Terminal

_LENS = "canon-ef-50mm-f1-8-stm"
_SIGN_UP = ("signup", "--name", "Bea", "--email", "bea@example.com", "--password-stdin")


@pytest.fixture
def corner(tmp_path: Path) -> str:
    """Where another shop is."""
    return f"sqlite:{tmp_path / 'corner'}"


def current(run: Run, *flags: str) -> tuple[str, str] | None:
    items = run(*flags, "profile", "list", "--json").json["items"]
    return next(((item["name"], item["chosen_by"]) for item in items if item["current"]), None)


def test_a_shop_gets_a_name_and_is_used_by_it(run: Run, corner: str) -> None:
    made = run("profile", "create", "corner", corner)
    assert (made.code, made.rows, made.err) == (0, [["corner", "no", corner, "", ""]], "→ shop profile use corner\n")
    used = run("profile", "use", "corner")
    assert used.rows == [["corner", "yes", corner, "", "shop profile use"]]
    assert run("--json").json["profile"] == "corner"
    assert run("--json").json["backend"] == corner
    assert "  profile  corner\n" in run().out
    assert "profile" not in run("--profile", "default").out.replace("--profile default", "")


def test_a_list_says_where_each_shop_is_and_who_is_logged_in(run: Run, corner: str, tmp_path: Path) -> None:
    run("profile", "create", "corner", corner, "--use")
    run(*_SIGN_UP, stdin=PASSWORD)

    listed = run("profile", "list", "--json").json
    assert listed["total"] == 2
    assert listed["items"] == [
        {
            "name": "default",
            "backend": f"sqlite:{tmp_path / 'data' / 'local'}",
            "current": False,
            "chosen_by": None,
            "account": None,
        },
        {
            "name": "corner",
            "backend": corner,
            "current": True,
            "chosen_by": "shop profile use",
            "account": "bea@example.com",
        },
    ]
    assert run("profile", "list", "-o", "id").out == "default\ncorner\n"
    assert run("profile", "list", "--fields", "name,account").rows == [["default", ""], ["corner", "bea@example.com"]]
    assert run("profile", "list", "--fields", "nope").code == 2
    run("logout")
    assert run("profile", "list", "--fields", "account").out == "\n\n"


def test_what_chose_the_profile_goes_from_flags_to_variables_to_use(
    run: Run, corner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("corner", "mine", "yours"):
        run("profile", "create", name, corner)
    assert current(run) == ("default", "default")
    run("profile", "use", "corner")
    assert current(run) == ("corner", "shop profile use")
    monkeypatch.setenv("SHOP_PROFILE", "mine")
    assert current(run) == ("mine", "SHOP_PROFILE")
    monkeypatch.setenv("SHOP_BACKEND", "memory:")
    assert current(run) is None
    assert run("profile", "list").err == "SHOP_BACKEND says memory:, which is none of these\n"
    assert current(run, "--profile", "yours") == ("yours", "--profile")
    assert run("--profile", "yours", "--backend", corner, "whoami").code == 2
    assert run("--backend", corner, "--json").json["profile"] is None


def test_using_a_profile_says_what_is_stronger(run: Run, corner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PROFILE", "default")

    result = run("profile", "create", "corner", corner, "--use")

    assert result.code == 0
    assert "! SHOP_PROFILE says default, and is stronger\n" in result.err


def test_the_next_command_names_the_profile_that_was_named(run: Run, corner: str) -> None:
    run("profile", "create", "corner", corner)

    assert run("--profile", "corner", "cart", "add", _LENS).err.endswith("→ shop --profile corner checkout\n")
    assert run("whoami", "--profile", "corner", "--json").error["hint"] == "shop --profile corner login"
    assert run("--profile", "corner", "--json").json["next"][0] == "shop --profile corner cart show"


def test_a_session_stays_with_its_profile(ada: Run, corner: str) -> None:
    ada("profile", "create", "corner", corner, "--use")

    assert ada("whoami").code == 4
    assert ada("--profile", "default", "whoami").code == 0
    assert ada("--backend", corner, "whoami").code == 4


def test_an_unknown_profile_is_told_with_the_nearest_one(run: Run, corner: str) -> None:
    run("profile", "create", "corner", corner)

    result = run("--profile", "cornr", "cart", "show")
    assert (result.code, result.err) == (
        12,
        "✗ no profile 'cornr', did you mean corner?\n→ shop profile create cornr sqlite:DIRECTORY\n",
    )
    assert run("cart", "show", "--profile", "../corner", "--json").error["code"] == "unknown_profile"
    assert run("profile", "use", "cornr").code == run("profile", "delete", "cornr", "--yes").code == 12
    assert run("profile", "delete", "cornr", "--yes").err.endswith("did you mean corner?\n→ shop profile list\n")
    assert run("profile", "list", "--profile", "cornr").err == "--profile says cornr, which is none of these\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["Corner", "memory:"], 2),
        (["url-1", "memory:"], 2),
        (["default", "memory:"], 2),
        (["corner", "gopher:x"], 12),
        (["corner", "sqlite:"], 12),
        (["corner", "memory:", "--owner", "/nonexistent"], 12),
        (["corner"], 2),
    ],
)
def test_a_profile_that_cannot_be_made(run: Run, words: list[str], code: int, tmp_path: Path) -> None:
    result = run("profile", "create", *words, "--json")

    assert (result.code, result.out) == (code, "")
    assert result.error["hint"]
    assert not (tmp_path / "data").exists()


def test_a_name_is_taken_once(run: Run, corner: str) -> None:
    run("profile", "create", "corner", corner)
    result = run("profile", "create", "corner", "memory:", "--json")

    assert (result.code, result.error["hint"]) == (6, "shop profile create corner-2 memory:")


def test_the_owners_keys_belong_to_one_shop(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "owner.json"
    keys.write_text(json.dumps({"gateway": "http://127.0.0.1:8080", "merchant": "shopm_secret"}))
    keys.chmod(0o600)
    monkeypatch.setattr("backends.registry.open_backend", lambda _: None)  # whoever serves http:

    assert run("profile", "create", "other", "http://127.0.0.1:8081", "--owner", str(keys)).code == 12
    assert run("profile", "create", "mine", "http://127.0.0.1:8080", "--owner", str(keys)).code == 0
    session = tmp_path / "data" / "profiles" / "mine" / "session.json"
    assert json.loads(session.read_text()) == {"owner": str(keys)}


def test_deleting_says_what_is_lost_and_needs_a_yes(ada: Run, corner: str) -> None:
    ada("profile", "create", "corner", corner, "--use")
    ada(*_SIGN_UP, stdin=PASSWORD)

    refused = ada("profile", "delete", "corner")
    assert (refused.code, refused.out) == (2, "")
    result = ada("profile", "delete", "corner", "--yes")
    assert (result.code, [row[0] for row in result.rows]) == (0, ["default"])
    assert result.err.splitlines() == [
        "lost with corner: the session of bea@example.com, which ends here and not at the shop",
        "corner was the one in use; that is default now",
    ]
    assert ada("whoami", "--json").json["email"] == "ada@example.com"
    assert ada("profile", "delete", "default", "--yes").code == 2


def test_a_profile_with_an_unfinished_checkout_is_not_deleted(
    run: Run, furnished: Path, corner: str, tmp_path: Path
) -> None:
    run("profile", "create", "corner", corner, "--use")
    run(*_SIGN_UP, stdin=PASSWORD)
    address = "home --name Bea --line1 Way --city Bonn --postcode 53111 --country DE"
    run("addresses", "add", *address.split())
    run("cart", "add", _LENS)
    assert run("checkout", "--yes", "--pay", "later").code == 8

    refused = run("profile", "delete", "corner", "--yes")
    assert refused.code == 6
    assert refused.err == (
        "✗ 1 checkout is unfinished, and only the profile corner can find out what became of that (or --force)\n"
        "→ shop --profile corner orders resume\n"
    )
    assert run("--profile", "corner", "whoami").code == 0
    forced = run("profile", "delete", "corner", "--yes", "--force")
    assert forced.code == 0
    assert "lost with corner: 1 unfinished" in forced.err


def test_a_journal_that_cannot_be_read_is_only_deleted_by_force(run: Run, corner: str, tmp_path: Path) -> None:
    run("profile", "create", "corner", corner)
    (tmp_path / "data" / "profiles" / "corner" / "journal.db").write_bytes(b"no database" * 100)

    assert run("profile", "delete", "corner", "--yes").code == 12
    forced = run("profile", "delete", "corner", "--yes", "--force")
    assert forced.code == 0
    assert "a journal that cannot be read" in forced.err


def test_a_damaged_profile_is_in_the_list(run: Run, corner: str, tmp_path: Path) -> None:
    run("profile", "create", "corner", corner, "--use")
    (tmp_path / "data" / "profiles" / "corner" / "profile.json").write_text("{")

    assert run("profile", "list").rows[1][:3] == ["corner", "yes", "damaged"]
    broken = run("cart", "show", "--json")
    assert (broken.code, broken.error["hint"]) == (12, "shop profile delete corner")
    assert run("profile", "delete", "corner", "--yes").code == 0
    assert run("cart", "show").code == 0


def test_damaged_settings_lead_to_the_way_out(run: Run, corner: str, tmp_path: Path) -> None:
    run("profile", "create", "corner", corner, "--use")
    (tmp_path / "data" / "config.json").write_text("{")

    broken = run("cart", "show", "--json")
    assert (broken.code, broken.error["hint"]) == (12, "shop profile use default")
    assert run("profile", "use", "default").code == 0
    assert run("cart", "show").code == 0


def test_a_person_is_asked_before_a_profile_goes(run: Run, corner: str, terminal: Terminal, finish: Finish) -> None:
    run("profile", "create", "corner", corner)
    child = terminal("profile", "delete", "corner")
    child.expect_exact("Delete the profile corner? [y/N] ")
    child.sendline("n")
    code, _ = finish(child)

    assert code == 130
    assert len(run("profile", "list").rows) == 2
    child = terminal("profile", "delete", "corner")
    child.expect_exact("[y/N] ")
    child.sendline("y")
    code, screen = finish(child)
    assert (code, "default" in screen, "corner" in screen) == (0, True, False)
