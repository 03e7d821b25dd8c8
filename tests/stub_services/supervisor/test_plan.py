from pathlib import Path

import pytest

from backends.errors import InvalidValue, Unsupported
from backends.interface import SERVICES
from stub_services.supervisor.plan import Plan, parse_replicas, parse_services


def test_all_services_or_some_in_their_order() -> None:
    assert parse_services(None) == SERVICES
    assert parse_services("orders, users") == ("users", "orders")


def test_replicas_by_name() -> None:
    assert parse_replicas(None) == {}
    assert parse_replicas("products=2, gateway=3") == {"products": 2, "gateway": 3}


@pytest.mark.parametrize("text", ["", "nobody", "users,gateway", "processor"])
def test_unknown_services_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="there is no service"):
        parse_services(text)


@pytest.mark.parametrize("text", ["users", "users=", "users=0", "users=17", "users=-1", "users=٢", "=2", "nobody=2"])
def test_odd_replicas_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_replicas(text)


def test_replicas_need_postgresql() -> None:
    with pytest.raises(Unsupported, match="PostgreSQL"):
        Plan(Path("x"), 0, replicas={"orders": 2})
    postgresql = {"SHOP_DATABASE_URL": "postgresql://localhost/shop"}
    assert Plan(Path("x"), 0, replicas={"orders": 2}, environment=postgresql).count("orders") == 2
    assert Plan(Path("x"), 0, replicas={"gateway": 2}).count("gateway") == 2
