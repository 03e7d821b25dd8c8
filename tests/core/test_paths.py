from pathlib import Path

import pytest

from backends.errors import StorageError
from shopcli.core.paths import config_directory, data_directory, private_directory


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"SHOP_DATA_DIR": "/data", "HOME": "/home/ada"}, "linux", "/data"),
        ({"XDG_DATA_HOME": "/xdg", "HOME": "/home/ada"}, "linux", "/xdg/shop"),
        ({"XDG_DATA_HOME": "relative", "HOME": "/home/ada"}, "linux", "/home/ada/.local/share/shop"),
        ({"HOME": "/home/ada"}, "linux", "/home/ada/.local/share/shop"),
        ({"HOME": "/Users/ada"}, "darwin", "/Users/ada/Library/Application Support/shop"),
    ],
)
def test_the_data_directory_follows_the_environment_and_the_platform(
    environment: dict[str, str], platform: str, expected: str
) -> None:
    assert data_directory(environment, platform) == Path(expected)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SHOP_CONFIG_DIR": "/config", "HOME": "/home/ada"}, "/config"),
        ({"XDG_CONFIG_HOME": "/xdg", "HOME": "/home/ada"}, "/xdg/shop"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/home/ada"}, "/home/ada/.config/shop"),
        ({"HOME": "/home/ada"}, "/home/ada/.config/shop"),
    ],
)
def test_the_config_directory_is_where_other_programs_of_a_terminal_have_theirs(
    environment: dict[str, str], expected: str
) -> None:
    assert config_directory(environment) == Path(expected)


def test_a_relative_choice_does_not_move_with_the_working_directory() -> None:
    assert data_directory({"SHOP_DATA_DIR": "here"}, "linux").is_absolute()


def test_every_missing_level_is_for_the_owner_only(tmp_path: Path) -> None:
    deep = private_directory(tmp_path / "a" / "b")

    assert deep.stat().st_mode & 0o777 == 0o700
    assert deep.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_a_storage_error_that_says_what_helps(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")

    with pytest.raises(StorageError, match="a/b") as caught:
        private_directory(tmp_path / "a" / "b")
    assert caught.value.hint is not None
    assert "SHOP_DATA_DIR" in caught.value.hint
