"""A person, a journal and a shop that fails as it is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.scripted import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    yield made
    made.close()
