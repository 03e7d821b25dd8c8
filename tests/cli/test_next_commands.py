"""The command that is named next works as it stands."""

import pytest

from shopcli.cli.options import repeated


@pytest.mark.parametrize(
    ("command", "url", "expected"),
    [
        ("shop cart show", None, "shop cart show"),
        ("shop cart show", "memory:", "shop --backend memory: cart show"),
        ("shop cart show", "sqlite:/a b", "shop --backend 'sqlite:/a b' cart show"),
        ("shop --backend memory: cart show", "sqlite:/x", "shop --backend memory: cart show"),
        ("free some space", "memory:", "free some space"),
    ],
)
def test_the_next_command_goes_to_the_same_shop(command: str, url: str | None, expected: str) -> None:
    assert repeated(command, url) == expected
