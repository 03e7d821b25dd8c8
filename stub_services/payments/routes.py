"""PaymentService on the wire."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from backends import models
from backends.errors import InvalidState, KeyReused, NotFound
from backends.models import PaymentStatus
from stub_services.payments.service import PaymentService
from stub_services.wire.books import endpoint_of as books_of
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.shapes import Id, Money, shaped


class Card(Struct):
    """A card, on its way to becoming a token."""

    number: Annotated[str, Meta(max_length=40)]
    expiry_month: Annotated[int, Meta(ge=1, le=12)]
    expiry_year: Annotated[int, Meta(ge=2000, le=9999)]
    cvv: Annotated[str, Meta(max_length=8)]


class PaymentMethod(Struct):
    """A saved card, or a test token."""

    token: str
    label: str
    test: bool


class PaymentMethods(Struct):
    """What can be paid with."""

    items: tuple[PaymentMethod, ...]


class NewPayment(Struct):
    """Which order to pay, and with what; the payment's id stands in the path."""

    order_id: Id
    method: Id


class Payment(Struct):
    """One attempt to pay an order."""

    id: str
    order_id: str
    status: PaymentStatus
    reason: str | None
    amount: Money | None
    method: str
    created_at: datetime
    action_url: str | None
    message: str | None


class Payments(Struct):
    """An order's payments, oldest first."""

    items: tuple[Payment, ...]


class OfOrder(Struct):
    """Whose payments."""

    order_id: Id


async def methods(service: PaymentService, call: Call) -> PaymentMethods:
    """Saved cards and test tokens."""
    return PaymentMethods(tuple(shaped(method, PaymentMethod) for method in await service.methods(call.caller)))


async def tokenize(service: PaymentService, call: Call, body: Card) -> PaymentMethod:
    """Turn a card into a token; the number and the CVV are kept nowhere."""
    card = models.Card(body.number, body.expiry_month, body.expiry_year, body.cvv)
    return shaped(await service.tokenize(call.caller, card), PaymentMethod)


async def pay(service: PaymentService, call: Call, payment_id: Id, body: NewPayment) -> Payment:
    """Pay, or go on paying, or answer what became of it."""
    return shaped(await service.pay(call.caller, body.order_id, body.method, payment_id), Payment)


async def get_payment(service: PaymentService, call: Call, payment_id: Id) -> Payment:
    """One payment."""
    return shaped(await service.get(call.caller, payment_id), Payment)


async def list_payments(service: PaymentService, call: Call, query: OfOrder) -> Payments:
    """An order's payments."""
    found = await service.list(call.caller, query.order_id)
    return Payments(tuple(shaped(payment, Payment) for payment in found))


async def refund(service: PaymentService, call: Call, payment_id: Id) -> Payment:
    """Give a payment back, all of it."""
    return shaped(await service.refund(call.caller, payment_id), Payment)


ENDPOINTS = (
    Endpoint("GET", "/v1/payment-methods", methods, Needs.ACCOUNT),
    Endpoint("POST", "/v1/payment-methods", tokenize, Needs.ACCOUNT, status=201),
    Endpoint("GET", "/v1/payments", list_payments, Needs.ACCOUNT, raises=(NotFound,), alias="list"),
    Endpoint("PUT", "/v1/payments/{payment_id}", pay, Needs.ACCOUNT, raises=(NotFound, KeyReused)),
    Endpoint("GET", "/v1/payments/{payment_id}", get_payment, Needs.ACCOUNT, raises=(NotFound,), alias="get"),
    Endpoint("PUT", "/v1/payments/{payment_id}/refund", refund, Needs.MERCHANT, raises=(NotFound, InvalidState)),
    books_of("payments"),
)
