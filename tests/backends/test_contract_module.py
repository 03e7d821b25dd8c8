"""Exports, the registry, deadlines and sessions: the parts of the contract that hold no shop."""

import subprocess
import sys
from collections.abc import MutableMapping
from dataclasses import fields, is_dataclass
from datetime import UTC
from pathlib import Path
from uuid import UUID

import pytest

import backends
from backends import Card, MemorySessions, Money, Totals, open_backend
from backends.deadline import DEFAULT_SECONDS, deadline, remaining
from backends.errors import ConfigurationError
from backends.registry import BACKENDS, random_ids, system_clock

ROOT = Path(__file__).parents[2]


def test_exports_are_sorted_and_there() -> None:
    assert list(backends.__all__) == sorted(backends.__all__)
    for name in backends.__all__:
        assert getattr(backends, name) is not None


def test_an_unknown_export_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = backends.nothing


def test_every_model_is_frozen_and_slotted() -> None:
    found = [getattr(backends, name) for name in backends.__all__]
    assert sum(map(is_dataclass, found)) > 20
    for value in found:
        if isinstance(value, type) and is_dataclass(value):
            assert value.__dataclass_params__.frozen, value  # type: ignore[attr-defined]
            assert "__slots__" in vars(value), value


def test_a_card_is_never_shown() -> None:
    card = Card("4242424242424242", 12, 2030, "123")
    assert "4242" not in repr(card)
    assert "123" not in repr(card)
    assert not any(each.repr for each in fields(card))


def test_totals_have_no_arithmetic() -> None:
    assert not hasattr(Money, "__add__")
    assert Totals.__slots__ == ("items", "shipping", "total")


@pytest.mark.parametrize("url", ["", "nothing:", "shop", "http//x", ":memory:"])
def test_a_url_that_nobody_serves(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_backend(url)


@pytest.mark.parametrize("scheme", sorted(BACKENDS))
def test_every_registered_backend_can_be_imported(scheme: str, tmp_path: Path) -> None:
    rest = "//127.0.0.1:8080" if scheme.startswith("http") else str(tmp_path)
    backend = open_backend(f"{scheme}:{rest}")
    assert backend.name.startswith(scheme)


def test_importing_the_contract_loads_no_service() -> None:
    code = "import sys, backends.registry, backends.models; print([m for m in sys.modules if m.startswith('stub')])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.strip() == "[]"


def test_ids_and_clock() -> None:
    assert UUID(random_ids()).version == 4
    assert random_ids() != random_ids()
    assert system_clock().tzinfo is UTC


def test_sessions_are_copied_out_and_changed_in_place() -> None:
    sessions = MemorySessions()

    def change(kept: MutableMapping[str, str]) -> str:
        kept["token"] = "t"
        return "changed"

    assert sessions.update(change) == "changed"
    sessions.read().clear()
    assert sessions.read() == {"token": "t"}


def test_an_inner_deadline_never_extends_an_outer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("backends.deadline.time.monotonic", lambda: now)
    assert remaining() == DEFAULT_SECONDS
    with deadline(5):
        assert remaining() == 5
        with deadline(60):
            assert remaining() == 5
        with deadline(1):
            assert remaining() == 1
            now = 103.0
            assert remaining() == 0
        assert remaining() == 2
    assert remaining() == DEFAULT_SECONDS
