"""What the tests of the full-screen shop share."""

from pathlib import Path

import pytest

from tests.conftest import plain_passwords


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory and settings of its own, and no cost of hashing."""
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path / "config"))
    for name in ("SHOP_BACKEND", "SHOP_PROFILE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    plain_passwords(monkeypatch)
    return tmp_path
