"""One service as a process: what it is told, and what it says about what it was not told."""

import json
from collections.abc import Callable

import pytest

from backends.errors import ConfigurationError, StorageError, Unavailable
from stub_services.process import Settings, main
from tests import postgres

GIVEN = {"SHOP_LISTEN": "127.0.0.1:0", "SHOP_SERVICE_TOKEN": "shops_x", "SHOP_MERCHANT_TOKEN": "shopm_x"}


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings.of({key: value for key, value in GIVEN.items() if key != name})


def test_settings_show_no_secret() -> None:
    settings = Settings.of(
        {**GIVEN, "SHOP_DATABASE_URL": "postgresql://ada:hunter2@db/shop", "SHOP_FAULTS_TOKEN": "shopf_x"}
    )
    assert not [secret for secret in ("shops_x", "shopm_x", "shopf_x", "hunter2") if secret in repr(settings)]


@pytest.mark.parametrize(
    ("arguments", "words"), [([], "there is no service"), (["nope"], "nope"), (["users"], "SHOP_LISTEN")]
)
def test_what_cannot_start_says_why_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {}) == ConfigurationError.exit_code
    (line,) = capsys.readouterr().err.splitlines()
    assert words in json.loads(line)["error"]


def _nobody() -> str:
    return "postgresql://shop:s3cret@127.0.0.1:1/shop"


def _stranger() -> str:
    return postgres.url().replace("//postgres:@", "//stranger:s3cret@")


def _misspelt() -> str:
    return "postgresql://shop:s3cret@127.0.0.1:port/shop"


def _another_scheme() -> str:
    return "mysql://shop:s3cret@127.0.0.1/shop"


@pytest.mark.parametrize(
    ("url", "words", "exit_code"),
    [
        (_nobody, "cannot be reached", Unavailable.exit_code),
        (_stranger, "does not exist", StorageError.exit_code),
        (_misspelt, "the URL of the database is wrong", ConfigurationError.exit_code),
        (_another_scheme, "the URL of the database is postgresql://", ConfigurationError.exit_code),
    ],
)
def test_a_database_that_is_not_there_ends_the_process_at_once(
    url: Callable[[], str], words: str, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["payments"], {**GIVEN, "SHOP_DATABASE_URL": url()}) == exit_code
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["error"].startswith("SHOP_DATABASE_URL: ")
    assert words in line
    assert "s3cret" not in line
