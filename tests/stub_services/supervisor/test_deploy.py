"""The files in deploy/ name what is there. They are read as text: Docker is not needed for that."""

import re
from pathlib import Path

from backends.interface import SERVICES

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")


def test_every_service_has_a_container() -> None:
    commands = re.findall(r'^ {4}command: \["(\S+)", "(\S+)"\]$', COMPOSE, re.MULTILINE)

    assert commands == [*(("stub_services.wire", name) for name in SERVICES), ("stub_services.gateway", "nginx")]
    assert (ROOT / "stub_services" / "wire" / "__main__.py").exists()
    assert (ROOT / "stub_services" / "gateway" / "__main__.py").exists()


def test_every_setting_is_one_that_the_processes_know() -> None:
    known = (ROOT / "docs" / "services.md").read_text("utf-8")
    settings = set(re.findall(r"^ +(SHOP_\w+): ", COMPOSE, re.MULTILINE))
    urls = {f"SHOP_{name.upper()}_URL" for name in SERVICES}

    assert urls < settings
    assert [name for name in settings - urls if f"`{name}`" not in known] == []


def test_secrets_come_from_outside_and_not_to_the_gateway() -> None:
    gateway = COMPOSE[COMPOSE.index("  gateway:") : COMPOSE.index("  database:\n    image")]

    assert re.findall(r"^ +SHOP_\w+_TOKEN: (?!\$\{SHOP_\w+_TOKEN:\?\}$).*", COMPOSE, re.MULTILINE) == []
    assert "TOKEN" not in gateway
    assert "DATABASE_URL" not in gateway


def test_only_the_gateway_is_reachable_and_only_from_here() -> None:
    assert re.findall(r"ports: (.*)", COMPOSE) == ['["127.0.0.1:8080:8000"]']
