"""The contract suite: what every shop holds to, whoever wrote its backend. It needs pytest.

`shop backends check URL` runs it at a shop as it stands. From a backend's own tests it says more, because they can
supply what a URL cannot: a clock to move, cards that are declined, an owner, an empty shop for each test.

    # tests/conftest.py
    import pytest
    from backends import MemorySessions, open_backend
    from backends.conformance import Harness, Methods
    from backends.registry import random_ids, system_clock

    pytest_plugins = ["backends.conformance.fixtures"]

    @pytest.fixture
    def supplied():  # the shop; it sells backends.conformance.goods, or its `admin` can import them
        def visit(sessions):
            return open_backend("corner:127.0.0.1", sessions=sessions or MemorySessions())
        owner = visit(None)
        return Harness(visit, random_ids, system_clock, Methods("tok_good"), admin=owner.admin, owner=owner)

    # tests/test_carts.py, and such a file for each of the suite's modules
    from backends.conformance.test_carts import *

What the shop has no `Capability` for is skipped, and so is what the harness leaves out.
"""

from typing import TYPE_CHECKING

import pytest

from backends.lazy import exporter

if TYPE_CHECKING:
    from backends.conformance.clock import VirtualClock, countable_ids
    from backends.conformance.harness import Harness, Methods, Person

pytest.register_assert_rewrite("backends.conformance.harness")  # before anything imports it

_MODULES = {
    "clock": ("VirtualClock", "countable_ids"),
    "harness": ("Harness", "Methods", "Person"),
}
__getattr__ = exporter(__name__, _MODULES)

__all__ = ["Harness", "Methods", "Person", "VirtualClock", "countable_ids"]
