"""OrderService: from a confirmed cart to an order that is paid once, or not at all."""
