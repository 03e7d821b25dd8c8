import json
from pathlib import Path

import pytest

from backends.errors import ConfigurationError, InvalidValue, StorageError
from shopcli.core.owners import origin, owner_of, unknown_owner
from shopcli.core.profiles import Profiles

GATEWAY = "http://127.0.0.1:8080"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "owner.json"
    path.write_text(json.dumps({"gateway": GATEWAY, "merchant": "shopm_secret"}))
    path.chmod(0o600)
    return path


def test_a_session_keeps_where_the_keys_are_and_no_key(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(keys.parent)

    assert owner_of(Path("owner.json"), GATEWAY) == {"owner": str(keys)}


@pytest.mark.parametrize("backend", [f"{GATEWAY}/", "HTTP://127.0.0.1:8080/v1"])
def test_the_origin_counts_and_not_how_it_is_written(keys: Path, backend: str) -> None:
    assert owner_of(keys, backend) == {"owner": str(keys)}


@pytest.mark.parametrize(
    "backend",
    [
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
        "http://localhost:8080",
        "http://127.0.0.1",
        "sqlite:/srv/shop",
    ],
)
def test_the_keys_of_another_shop_are_refused(keys: Path, backend: str) -> None:
    with pytest.raises(ConfigurationError, match="belongs to the shop at http://127"):
        owner_of(keys, backend)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_keys_that_others_can_read_are_refused(keys: Path, mode: int) -> None:
    keys.chmod(mode)

    with pytest.raises(ConfigurationError, match="others can read") as caught:
        owner_of(keys, GATEWAY)
    assert caught.value.hint == f"chmod 600 {keys}"


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"gateway": null}', "[" * 50_000, "\xff"])
def test_another_file_is_refused_and_nothing_of_it_is_told(keys: Path, text: str) -> None:
    keys.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigurationError, match=r"is not the owner\.json"):
        owner_of(keys, GATEWAY)


def test_a_file_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(StorageError):
            owner_of(path, GATEWAY)


def test_an_origin_has_a_port_even_if_it_is_not_written() -> None:
    assert origin("http://Shop.example/x") == origin("http://shop.example:80")
    assert origin("https://shop.example") == ("https", "shop.example", 443)
    for url in ("http://[", "http://x:port"):
        with pytest.raises(InvalidValue):
            origin(url)


def test_whose_owner_nobody_knows_is_told_all_but_where_the_keys_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path))
    Profiles().create("served", GATEWAY)

    error = unknown_owner(GATEWAY, "operate it")
    assert error.hint == f"shop profile create served-2 {GATEWAY} --owner DIR/owner.json"


def test_a_shop_of_a_plug_in_has_no_owner() -> None:
    error = unknown_owner("corner:shop", "operate it")

    assert (error.hint, error.message) == (
        None,
        "only the owner of a shop may operate it, and this kind of shop has no owner here",
    )
