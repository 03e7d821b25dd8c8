"""The wire and those who use it, each time with one mistake that is often made."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from backends.errors import Outcome, ShopError, Unavailable
from backends.http import calls
from backends.http.requests import Request
from shopcli.core.checkout import Checkout
from stub_services.carts.service import CartService
from stub_services.gateway import problems
from stub_services.idempotency import Requests
from stub_services.payments.service import PaymentService
from stub_services.payments.store import StoredPayment
from stub_services.wire import peers
from stub_services.wire.exchange import Answer
from tests.model import mutants_of_orders, mutants_of_others


def a_peer_is_asked_again_under_another_id(patch: pytest.MonkeyPatch) -> None:
    """A service that repeats its request makes a new order id each time."""

    async def ask(self: peers.Asking, service: str, method: str, path: str, body: bytes = b"") -> Answer:
        try:
            return await original(self, service, method, path, body)
        except ShopError:
            return await original(self, service, method, path, body.replace(b'"order_id":"0', b'"order_id":"1'))

    original = peers.Asking.ask
    patch.setattr(peers.Asking, "ask", ask)


def an_answer_that_got_lost_means_that_nothing_happened(patch: pytest.MonkeyPatch) -> None:
    def unanswered(request: Request, why: str, _hint: str = "") -> ShopError:
        return Unavailable(f"no answer: {why}", hint="shop", service=request.service)

    patch.setattr(calls, "unanswered", unanswered)


def each_repetition_has_a_key_of_its_own(patch: pytest.MonkeyPatch) -> None:
    """The mistake seen most in real shops."""

    async def sent(self: Any, seconds: float) -> object:  # noqa: ANN401  a private class
        if "idempotency-key" in self._request.headers:
            headers = {**self._request.headers, "idempotency-key": self._calls.outside.ids()}
            self._request = replace(self._request, headers=headers)
        return await original(self, seconds)

    original = calls._Call._sent  # noqa: SLF001  a mutant works from inside
    patch.setattr(calls._Call, "_sent", sent)  # noqa: SLF001


def keys_are_not_looked_up(patch: pytest.MonkeyPatch) -> None:
    async def took_effect(self: Requests, once: object) -> bool:
        return False

    async def note(self: Requests, once: Any, now: object) -> None:  # noqa: ANN401
        if once is not None:
            sql = (
                "INSERT INTO requests (scope, key, fingerprint, created_at) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING"
            )
            await self._sql.run(sql, once.scope, once.key, once.fingerprint)

    patch.setattr(Requests, "took_effect", took_effect)
    patch.setattr(Requests, "note", note)


def a_cart_is_taken_again(patch: pytest.MonkeyPatch) -> None:
    """Nobody remembers what was taken: a repetition takes what is there by now."""

    async def take(self: CartService, order_id: str, cart_id: str, version: int, **others: Any) -> object:  # noqa: ANN401
        async with self._store.write() as rows:
            known, cart = await rows.take(order_id), await rows.by_id(cart_id)
            if known is not None and known.state == "taken" and cart is not None:
                await rows._sql.run("DELETE FROM taken WHERE order_id = ?", order_id)  # noqa: SLF001
                version = cart.version
        return await original(self, order_id, cart_id, version, **others)

    original = CartService.take
    patch.setattr(CartService, "take", take)


def the_gateway_takes_silence_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    def silent(service: str, *, reading: bool) -> ShopError:
        return problems.refused(service)

    patch.setattr(problems, "silent", silent)


def an_error_after_a_commit_says_that_nothing_happened(patch: pytest.MonkeyPatch) -> None:
    async def place(self: Any, *arguments: object) -> object:  # noqa: ANN401
        placed = await original(self, *arguments)
        if placed.message is not None:
            raise Unavailable("somebody is silent", service="orders", outcome=Outcome.NOT_APPLIED)
        return placed

    from stub_services.orders.service import OrderService

    original: Any = OrderService.place
    patch.setattr(OrderService, "place", place)
    patch.setattr("stub_services.orders.service.recorded", lambda _: nullcontext())


def the_client_forgets_what_it_does_not_know(patch: pytest.MonkeyPatch) -> None:
    """An unknown outcome closes the entry of the journal."""

    async def decided(self: Checkout, entry: Any, *arguments: object, sent: bool) -> object:  # noqa: ANN401
        try:
            return await original(self, entry, *arguments, sent=sent)
        except ShopError:
            self.close(entry)
            raise

    original: Any = Checkout._decided  # noqa: SLF001
    patch.setattr(Checkout, "_decided", decided)


def a_charge_is_repeated_without_a_key(patch: pytest.MonkeyPatch) -> None:
    """And without looking it up: the processor cannot know that it is the same one."""

    async def charge(self: PaymentService, payment: StoredPayment) -> object:
        amount, currency = payment.amount or 0, payment.currency or ""
        return await self._processor.charge(payment.id, payment.method, amount, currency)

    patch.setattr(PaymentService, "_answer", charge)

    async def nothing_known(self: Any, reference: str, since: int) -> None:  # noqa: ANN401
        return None

    patch.setattr("stub_services.payments.processor.ChargeRows.charge", nothing_known)


def a_line_is_written_before_its_key(patch: pytest.MonkeyPatch) -> None:
    """In two commits."""

    async def add(self: CartService, *arguments: Any) -> object:  # noqa: ANN401
        caller, variant_id, quantity, once, *others = arguments
        async with self._store.read() as rows:
            known = await rows.requests.took_effect(once)
        if known:
            return await self.view(caller)
        added = await original(self, caller, variant_id, quantity, None, *others)
        async with self._store.write() as rows:
            if not await rows.requests.took_effect(once):
                await rows.requests.note(once, self._clock())
        return added

    original: Any = CartService.add
    patch.setattr(CartService, "add", add)


WITHOUT_FAULTS_TOO = (
    a_charge_is_repeated_without_a_key,
    mutants_of_others.r17_messages_are_delivered_at_most_once,
    mutants_of_others.a_cancelled_paid_order_keeps_the_money,
    mutants_of_others.a_rejected_order_keeps_the_cart,
    mutants_of_others.nothing_is_sold,
)
"""What goes wrong by itself."""

ONLY_IN_A_STORM = (
    a_peer_is_asked_again_under_another_id,
    an_answer_that_got_lost_means_that_nothing_happened,
    each_repetition_has_a_key_of_its_own,
    keys_are_not_looked_up,
    a_cart_is_taken_again,
    the_gateway_takes_silence_for_a_refusal,
    an_error_after_a_commit_says_that_nothing_happened,
    the_client_forgets_what_it_does_not_know,
    a_line_is_written_before_its_key,
    mutants_of_orders.r4_rejected_is_told_before_the_cart_is_back,
    mutants_of_orders.r5_the_reserved_total_is_not_compared,
)
"""What works as long as nothing fails: a mutant that is merely broken proves nothing."""

MUTANTS = (*WITHOUT_FAULTS_TOO, *ONLY_IN_A_STORM)
