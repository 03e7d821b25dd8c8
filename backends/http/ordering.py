"""Orders and payments. Both have ids that the client makes, so every request of theirs may be repeated."""

from dataclasses import replace

from backends.errors import Forbidden, InvalidValue, NotFound
from backends.http import encoding, models
from backends.http.decoding import document
from backends.http.desk import Desk, reading, unrepeatable, writing
from backends.http.owner import OwnerFile
from backends.models import Card, CheckoutAttempt, Order, Page, Payment, PaymentMethod

_LIST = "shop orders list"


class HttpOrders:
    """OrderService."""

    def __init__(self, desk: Desk) -> None:
        """Ask by way of `desk`."""
        self._desk = desk

    async def place(self, attempt: CheckoutAttempt) -> Order:
        """Place, or answer what became of, the attempt. Raises KeyReused, InvalidValue, OutcomeUnknown."""
        path = encoding.path_to("orders", last=attempt.key, otherwise=_no_order_id())
        request = writing("PUT", path, "orders", encoding.members(attempt, without="key"))
        return await self._desk.account(request, document(models.about(attempt.key, models.order)))

    async def find(self, attempt: CheckoutAttempt) -> Order | None:
        """Look for the attempt's order without placing it; None never proves that it will not arrive."""
        path = encoding.path_to("orders", last=attempt.key, otherwise=_no_order_id())
        try:
            return await self._desk.account(reading(path, "orders"), document(models.about(attempt.key, models.order)))
        except NotFound:
            return None

    async def get(self, ref: str) -> Order:
        """One order by number or id. Raises NotFound."""
        refusal = NotFound("there is no such order", hint=_LIST, service="orders")
        path = encoding.path_to("orders", last=ref, otherwise=refusal)
        return await self._desk.account(reading(path, "orders"), document(models.order))

    async def list(self, limit: int, cursor: str | None = None) -> Page[Order]:
        """The account's orders, newest first. Raises InvalidValue."""
        path = encoding.with_query("/v1/orders", "orders", limit=encoding.whole(limit, "orders"), cursor=cursor)
        return await self._desk.account(reading(path, "orders"), document(models.page(models.order)))

    async def cancel(self, order_id: str, key: str) -> Order:  # noqa: ARG002  cancelling by id is idempotent here
        """Cancel by id, even an order that never arrived. Raises NotFound."""
        path = encoding.path_to("orders", last=order_id, otherwise=_no_order_id())
        request = writing("PUT", f"{path}/cancellation", "orders")
        return await self._desk.account(request, document(models.about(order_id, models.order)))


class HttpPayments:
    """PaymentService."""

    def __init__(self, desk: Desk, owner: OwnerFile) -> None:
        """Ask by way of `desk`; refunds need the merchant's token from `owner`."""
        self._desk = desk
        self._owner = owner

    async def methods(self) -> tuple[PaymentMethod, ...]:
        """Saved cards, then test tokens."""
        request = reading("/v1/payment-methods", "payments")
        return await self._desk.account(request, document(models.items(models.payment_method)))

    async def tokenize(self, card: Card) -> PaymentMethod:
        """Turn a card into a token. Raises InvalidValue, which does not quote the card."""
        request = writing("POST", "/v1/payment-methods", "payments", encoding.members(card), "shop checkout")
        return await self._desk.account(unrepeatable(request), document(models.payment_method))

    async def pay(self, order_id: str, method: str, key: str) -> Payment:
        """Pay under the client's key, or answer what became of it. Raises KeyReused, InvalidValue, OutcomeUnknown."""
        refusal = InvalidValue("a payment's id has 1 to 64 characters", service="payments")
        path = encoding.path_to("payments", last=key, otherwise=refusal)
        request = writing("PUT", path, "payments", {"order_id": order_id, "method": method})
        return await self._desk.account(request, document(models.about(key, models.payment)))

    async def list(self, order_id: str) -> tuple[Payment, ...]:
        """An order's payments, oldest first. Raises NotFound."""
        try:
            path = encoding.with_query("/v1/payments", "payments", order_id=order_id)
        except InvalidValue:
            raise NotFound("there is no such order", hint=_LIST, service="payments") from None
        return await self._desk.account(reading(path, "payments"), document(models.items(models.payment)))

    async def refund(self, payment_id: str, key: str) -> Payment:  # noqa: ARG002  refunding by id is idempotent here
        """Give back the full amount. Raises Forbidden for everybody but the merchant, InvalidState, NotFound."""
        merchant = self._owner.merchant()
        if merchant is None:
            msg = "only the merchant refunds, on the computer where `shop serve` runs; customers cancel"
            raise Forbidden(msg, hint="shop orders cancel NUMBER", service="payments")
        refusal = NotFound("there is no such payment", hint=_LIST, service="payments")
        path = encoding.path_to("payments", last=payment_id, otherwise=refusal)
        look = "shop payments show PAYMENT"
        request = replace(writing("PUT", f"{path}/refund", "payments", look=look), credentials=merchant)
        return await self._desk.anybody(request, document(models.about(payment_id, models.payment)))


def _no_order_id() -> InvalidValue:
    return InvalidValue("an order's id has 1 to 64 characters", service="orders")
