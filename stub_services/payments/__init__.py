"""PaymentService: at most one live charge for each order."""
