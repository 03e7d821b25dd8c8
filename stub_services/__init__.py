"""The five services of the shop that comes with `shop`: users, products, carts, orders, payments."""
