"""One of each model, with every field told."""

from datetime import UTC, datetime
from decimal import Decimal

from backends import (
    Address,
    Cart,
    CheckoutAttempt,
    Line,
    Money,
    Notice,
    Order,
    OrderStatus,
    Payment,
    PaymentMethod,
    PaymentStatus,
    Product,
    Requirement,
    ShippingOption,
    Totals,
    Variant,
)

AT = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


ADDRESS = Address("home", "Ada Lovelace", "12 Rue de la Paix", "Paris", "75002", "FR", "Apt 4", "IDF", "+33 1 23")
VARIANT = Variant("lens/sony-e", "lens/sony-e", "sony-e", "SKU-1", eur("799.00"), in_stock=True, stock=7)
PRODUCT = Product("lens", "lens", "Prime lens", "Acme", "Prime lenses", "For taking pictures.", (VARIANT,))
LINE = Line("line-1", "lens/sony-e", "lens/sony-e", "Prime lens", "sony-e", "SKU-1", 2, eur("799.00"), eur("1598.00"))
SHIPPING = ShippingOption("standard", "Standard, 2 to 4 days", eur("4.90"))
TOTALS = Totals(eur("1598.00"), eur("4.90"), eur("1602.90"))
CART = Cart(
    "cart-1",
    3,
    (LINE,),
    ADDRESS,
    "ada@example.org",
    SHIPPING,
    TOTALS,
    (Requirement.SHIPPING,),
    (Notice("short_stock", "1 left.", "line-1"),),
)
EMPTY = Cart(None, None, (), None, None, None, None, (Requirement.LINES,))
ORDER = Order("order-1", "1001", OrderStatus.AWAITING_PAYMENT, None, (LINE,), TOTALS, ADDRESS, "standard", AT, None, AT)
ATTEMPT = CheckoutAttempt("order-1", "cart-1", 3, eur("1602.90"), ADDRESS, "standard", AT)
PAYMENT = Payment("pay-1", "order-1", PaymentStatus.SETTLED, None, eur("1602.90"), "Visa 4242", AT)
METHOD = PaymentMethod("tok_visa", "Visa", test=True)
