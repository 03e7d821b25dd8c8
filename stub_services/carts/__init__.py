"""CartService: what people mean to buy."""
