"""What still works while one of the services does not: the promise of five services, in words."""

from backends.errors import ShopError

NAMES = {
    "users": "UserService",
    "products": "ProductService",
    "carts": "CartService",
    "orders": "OrderService",
    "payments": "PaymentService",
    "gateway": "the gateway",
}
STILL_WORKS = {
    "users": "browsing and the cart still work, and so does paying while you are logged in",
    "products": "your cart, orders and payments are still there",
    "carts": "browsing, your orders and paying for them still work; what is in the cart is kept",
    "orders": "browsing and the cart still work; what is in the cart is kept",
    "payments": "browsing, the cart and your orders still work; an order can be placed now and paid later",
    "gateway": "nothing is lost: the shop has your cart and your orders",
}


def still_works(error: ShopError) -> str | None:
    """Say what goes on working although this service does not answer, None where the error is about something else."""
    if not error.retryable:
        return None
    return STILL_WORKS.get(error.service or "")
