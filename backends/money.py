"""Money as the server said it: an exact decimal amount in an ISO 4217 currency."""

from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 minor-unit exponents that are not 2.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(currency: str) -> int:
    """How many decimal digits the currency's minor unit has (ISO 4217): 2 for EUR, 0 for JPY."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency.

    The amount is exactly what the server said (Medusa really answers 45.1724). There is no
    arithmetic on purpose: a client shows totals and never computes them.
    """

    amount: Decimal
    currency: str

    @classmethod
    def of_minor(cls, units: int, currency: str) -> "Money":
        """Build from integer minor units: ``of_minor(149900, "EUR")`` is 1499.00 EUR."""
        return cls(Decimal(units).scaleb(-exponent(currency)), currency)

    @property
    def minor(self) -> int:
        """Integer minor units; ValueError if the amount is not a whole number of them."""
        units = self.amount.scaleb(exponent(self.currency))
        if units != units.to_integral_value():
            msg = f"{self} is not a whole number of minor units"
            raise ValueError(msg)
        return int(units)

    def __str__(self) -> str:
        """Text such as ``1499.00 EUR``: all digits the server sent."""
        return f"{self.amount:f} {self.currency}"
