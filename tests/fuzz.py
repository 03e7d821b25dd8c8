"""Requests that the five OpenAPI documents allow, and requests that they forbid, made by Schemathesis.

    python3 dev.py fuzz [CASES [SEED]]

The same cases and seed send the same requests in the same order: a failure is replayed by what is printed at the
top. The services run in this process, behind real sockets on 127.0.0.1. Schemathesis is imported here only; as a
plug-in of pytest it would cost each start 0.8 s.
"""

import asyncio
import logging
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import VirtualClock, countable_ids, plain_passwords
from tests.stub_services.wire.conftest import ADDRESS, GUEST, MERCHANT, PASSWORD, Wire

CASES = 2000
EXAMPLES = 12
"""Of each operation, mode and round."""
SERVICES = ("users", "products", "carts", "orders", "payments")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
)
KNOWN = {
    "ref": "known",
    "order_id": "known",
    "payment_id": "known",
    "guest_cart_id": GUEST,
    "variant_id": "tripod/standard",
    "option_id": "standard",
    "method": "tok_visa",
    "number": "4242 4242 4242 4242",
    "expiry_year": 2030,
    "cvv": "123",
    "email": "ada@example.org",
    "password": PASSWORD,
    "old": PASSWORD,
    "new": PASSWORD,
    "cart_version": 3,
} | ADDRESS
"""What is there: half of the allowed requests name it, because nobody guesses an id."""


@dataclass(frozen=True)
class Excused:
    """A check that does not hold for an operation, and why that is right."""

    check: Callable[..., Any]
    operations: tuple[str, ...]
    reason: str


EXCEPTIONS: tuple[Excused, ...] = (
    Excused(
        ignored_auth,
        (
            "POST /v1/cart/lines",
            "DELETE /v1/cart/lines",
            "PUT /v1/cart/lines/{line_id}",
            "DELETE /v1/cart/lines/{line_id}",
            "PUT /v1/cart/address",
            "PUT /v1/cart/shipping",
        ),
        "a guest's credential is the id of a cart: an invalid one is a malformed header (400) and no stranger (401)",
    ),
)


@dataclass
class Campaign:
    """What was sent, and what went wrong: the first case of each kind."""

    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    """Operations that were seen to refuse who has no credentials: once is enough."""

    def note(self, operation: str, failure: Failure | Exception, story: str) -> None:
        self.failures.setdefault((operation, getattr(failure, "title", type(failure).__name__)), story)


class Served:
    """The services on ports of their own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.urls: dict[str, str] = {}
        self.roles: dict[str, dict[str, str]] = {}
        self.line = self.cart = ""
        self._servers: list[uvicorn.Server] = []
        self._clock = VirtualClock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_up = threading.Event()

    @contextmanager
    def running(self) -> Iterator["Served"]:
        with pytest.MonkeyPatch.context() as patch:
            plain_passwords(patch)
            self._thread.start()
            assert self._is_up.wait(30), "the services did not start"
            try:
                yield self
            finally:
                for server in self._servers:
                    server.should_exit = True
                self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        wire = Wire(self._clock, countable_ids())
        await wire.open()
        serving = [asyncio.create_task(self._started(wire, name)) for name in SERVICES]
        ada = await wire.person("ada")
        order = await ada.order("known")
        await ada.pay(order["id"], "known")
        cart = await ada.fill("again")
        self.line, self.cart = str(cart["lines"][0]["id"]), str(cart["id"])
        await ada.ask("PUT", "/v1/me/addresses/home", {k: v for k, v in ADDRESS.items() if k != "label"})
        self.roles = {
            "account": {"Authorization": ada.headers["authorization"]},
            "guest": {"Shop-Cart": GUEST},
            "merchant": {"Authorization": MERCHANT["authorization"]},
            "nobody": {},
        }
        while len(self._servers) < len(SERVICES) or not all(each.started for each in self._servers):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # uvicorn has no event for it
        self.urls = {
            name: f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            for name, server in zip(SERVICES, self._servers, strict=True)
        }
        self._is_up.set()
        await asyncio.gather(*serving)
        await wire.close()

    async def _started(self, wire: Wire, name: str) -> None:
        config = uvicorn.Config(
            wire.five.apps[name], port=0, http="httptools", lifespan="off", log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._servers.append(server)
        await server.serve()


def main(cases: int = CASES, seed: int | None = None) -> int:
    """Send at least so many cases; return 1 if any check failed."""
    logging.disable(logging.CRITICAL)
    load_all_checks()
    chosen = random.SystemRandom().randrange(2**32) if seed is None else seed
    print(f"python3 dev.py fuzz {cases} {chosen}", flush=True)
    began = time.monotonic()
    campaign = Campaign()
    with Served().running() as served, requests.Session() as session:
        documents = {
            name: schemathesis.openapi.from_dict(session.get(f"{url}/openapi.json", timeout=10).json())
            for name, url in served.urls.items()
        }
        number = 0
        while campaign.sent.total() < cases:
            for name, document in documents.items():
                for found in document.get_all_operations():
                    number += 1
                    assert isinstance(found, Ok), found
                    _send(served, session, campaign, found.ok(), served.urls[name], chosen + number)
    _report(campaign, time.monotonic() - began)
    return int(bool(campaign.failures))


def _send(
    served: Served,
    session: requests.Session,
    campaign: Campaign,
    operation: Any,  # noqa: ANN401
    url: str,
    seed: int,
) -> None:
    """Send a few cases of an operation: allowed ones, and ones that break what the document says."""
    label = operation.label
    excluded = {each.check for each in EXCEPTIONS if label in each.operations}
    if label in campaign.protected:
        excluded.add(ignored_auth)
    checks = [check for check in CHECKS if check not in excluded]
    roles = st.sampled_from(_roles(operation))
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @seeded(seed)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), role=roles, known=st.booleans())
        def send(case: Any, role: str, known: bool) -> None:  # noqa: ANN401
            kind = case.meta.generation.mode.value
            if known and kind == "positive":
                _name_what_is_there(case, served, campaign.sent.total())
            campaign.sent[f"{label} {kind}"] += 1
            try:
                response = case.call(base_url=url, session=session, headers=served.roles[role], timeout=20)
                campaign.answers[response.status_code] += 1
                case.validate_response(
                    response,
                    checks,
                    headers=served.roles[role],
                    transport_kwargs={"session": session, "base_url": url, "headers": served.roles[role]},
                )
                if response.status_code < 300:
                    campaign.protected.add(label)
            except FailureGroup as group:
                for failure in group.exceptions:
                    campaign.note(label, failure, f"as {role}, {kind}: {group.message}")
            except requests.RequestException as error:
                campaign.note(label, error, f"as {role}: {error}")

        with suppress(Unsatisfiable):  # nothing about it can be wrong
            send()


def _roles(operation: Any) -> list[str]:  # noqa: ANN401
    """Return who may ask, by the document."""
    return [name for choice in operation.definition.raw["security"] or [{}] for name in choice or ["nobody"]]


def _name_what_is_there(case: Any, served: Served, number: int) -> None:  # noqa: ANN401
    if case.operation.label == "POST /v1/me/deletion":
        return  # everybody else needs the account
    there: dict[str, Any] = KNOWN | {"line_id": served.line, "cart_id": served.cart}
    if case.path == "/v1/users":
        there["email"] = f"{number}@example.org"
    if case.path == "/v1/products/{ref}":
        there["ref"] = "tripod"
    for container in (case.path_parameters, case.query, case.body):
        _replace(container, there)


def _replace(container: object, there: Mapping[str, Any]) -> None:
    if isinstance(container, dict):
        for name, value in container.items():
            if name in there:
                container[name] = there[name]
            else:
                _replace(value, there)


def _report(campaign: Campaign, seconds: float) -> None:
    for (operation, title), story in campaign.failures.items():
        print(f"\n--- {operation}: {title}\n{story}")
    for exception in EXCEPTIONS:
        print(f"not checked: {exception.check.__name__} of {len(exception.operations)} operations: {exception.reason}")
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(campaign.answers.items()))
    operations = len({label.rpartition(" ")[0] for label in campaign.sent})
    total = campaign.sent.total()
    print(f"{total} cases of {operations} operations in {seconds:.0f} s ({answers}): {len(campaign.failures)} failures")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
