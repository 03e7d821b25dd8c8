import json
import os
import stat
from pathlib import Path

import pytest

from backends.private import NotPrivate, make_directory, read_json, write_json


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_level_is_the_owners_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_directory(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]


def test_an_error_names_the_level_that_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(FileExistsError) as caught:
        make_directory(tmp_path / "a" / "b")
    assert caught.value.filename == str(tmp_path / "a")


def test_a_file_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("old")
    path.chmod(0o644)
    path.with_name("keys.json.new").write_text("half of one, from a killed process")
    write_json(path, {"token": "secret"})

    assert (mode(path), read_json(path)) == (0o600, {"token": "secret"})
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("allowed", [0o640, 0o604, 0o620, 0o601])
def test_what_others_can_read_or_change_is_not_read(tmp_path: Path, allowed: int) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({}))
    path.chmod(allowed)
    with pytest.raises(NotPrivate):
        read_json(path)


@pytest.mark.parametrize("text", ["", "{", "[" * 50_000, "\xff", '"' + "x" * 70_000 + '"'], ids=lambda text: text[:1])
def test_what_is_no_small_json_is_a_value_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(text.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind
        read_json(path)
