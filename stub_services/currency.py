"""The currency of this shop."""

CURRENCY = "EUR"
"""ISO 4217; all prices are in it."""
