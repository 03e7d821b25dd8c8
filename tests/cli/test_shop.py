from pathlib import Path

import pytest

from backends.errors import StorageError
from shopcli.core.shop import default_url, open_shop
from shopcli.core.stepping import run


def test_each_url_has_a_directory_of_its_own(tmp_path: Path) -> None:
    profiles = tmp_path / "data" / "profiles"

    assert open_shop().directory == open_shop(default_url()).directory == profiles / "default"
    others = {open_shop(url).directory for url in ("memory:", "sqlite:/a", "sqlite:/b")}
    assert len(others) == 3
    assert all(path.parent == profiles and path.name.startswith("url-") for path in others)


def test_opening_touches_nothing(tmp_path: Path) -> None:
    shop = open_shop()
    shop.close_journal()

    assert shop.unfinished() == 0
    assert not shop.is_open
    assert not (tmp_path / "data").exists()


def test_what_was_opened_is_closed_once() -> None:
    shop = open_shop("memory:")
    run(shop.backend, shop.aclose())
    run(shop.backend, shop.aclose())


def test_a_state_directory_that_cannot_be_searched_is_a_storage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        open_shop().unfinished()
