"""A shop with some history, on virtual time."""

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from stub_services.wire import health, openapi
from tests.conftest import plain_passwords
from tests.wire.clock import virtual_time
from tests.wire.template import Template, make


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with pytest.MonkeyPatch.context() as patch:
        virtual(patch)
        yield make(tmp_path_factory.mktemp("template"))


@pytest.fixture(autouse=True)
def _virtual(monkeypatch: pytest.MonkeyPatch, template: Template) -> None:
    virtual(monkeypatch)


def virtual(patch: pytest.MonkeyPatch) -> None:
    """Make time virtual, hashing free, and starting a service as cheap as answering a request."""
    virtual_time(patch)
    plain_passwords(patch)
    patch.setattr(openapi, "document", cache(openapi.document))
    for module in (health, openapi):
        patch.setattr(module, "version", cache(module.version))
    patch.setattr("httpx._transports.asgi.create_event", asyncio.Event)  # it looks for trio each time


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a test's files are."""
    return tmp_path / "shop"
