"""A payment processor for tests: somebody else's company, with books of its own.

It behaves like real ones where that hurts: it can lose its answer after charging, and it forgets
idempotency keys after a day, so an old charge must be looked up and never repeated.
"""

import secrets
from datetime import timedelta

from backends.errors import InvalidValue, OutcomeUnknown
from backends.interface import Clock
from backends.models import Card, PaymentMethod
from stub_services.database import Row, Statements, Store, reader
from stub_services.payments.service import Charge, Kept
from stub_services.times import to_millis

TEST_TOKENS = (
    PaymentMethod("tok_visa", "Test Visa, always succeeds", test=True),
    PaymentMethod("tok_declined", "Test card, always declined", test=True),
    PaymentMethod("tok_insufficient_funds", "Test card without enough money", test=True),
    PaymentMethod("tok_lost_answer", "Test card that is charged while the first answer gets lost", test=True),
)
KEY_LIFE = timedelta(hours=24)

_DECLINES = {"tok_declined": "card_declined", "tok_insufficient_funds": "insufficient_funds"}
_TEST_NUMBERS = {
    "4000000000000002": "tok_declined",
    "4000000000009995": "tok_insufficient_funds",
    "4000000000000119": "tok_lost_answer",
}
_BRANDS = {"4": "Visa", "5": "Mastercard", "3": "American Express", "6": "Discover"}


class ChargeRows:
    """The processor's books inside one transaction."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    async def behaviour(self, token: str) -> str | None:
        """The test token that a card's token behaves like."""
        row = await self._sql.one("SELECT behaviour FROM cards WHERE token = ?", token)
        return row["behaviour"] if row else None

    async def insert_card(self, token: str, behaviour: str) -> None:
        """Remember how a card behaves; of its number nothing is kept."""
        await self._sql.run("INSERT INTO cards (token, behaviour) VALUES (?, ?)", token, behaviour)

    async def charge(self, reference: str, since: int) -> Row | None:
        """The charge under a reference, made at `since` or later (milliseconds)."""
        return await self._sql.one(
            "SELECT * FROM charges WHERE reference = ? AND created_at >= ? ORDER BY number DESC", reference, since
        )

    async def insert_charge(self, reference: str, state: str, amount: int, currency: str, now: int) -> None:
        """Write a charge into the books."""
        await self._sql.run(
            "INSERT INTO charges (reference, state, amount, currency, created_at, number)"
            " VALUES (?, ?, ?, ?, ?, (SELECT COALESCE(max(number), 0) + 1 FROM charges))",
            reference,
            state,
            amount,
            currency,
            now,
        )

    async def refund(self, reference: str) -> None:
        """Give back all of a charge; idempotent."""
        await self._sql.run(
            "UPDATE charges SET refunded = amount WHERE reference = ? AND state = 'captured'", reference
        )

    async def kept(self, reference: str) -> int:
        """What was taken under a reference, however often, and not given back."""
        row = await self._sql.one(
            "SELECT COALESCE(sum(amount - refunded), 0) AS kept FROM charges"
            " WHERE reference = ? AND state = 'captured'",
            reference,
        )
        return int(row["kept"]) if row else 0

    async def all_kept(self, after: str, most: int) -> list[Kept]:
        """The next references behind one under which anything was taken and not given back."""
        rows = await self._sql.all(
            "SELECT reference, max(currency) AS currency, sum(amount - refunded) AS kept FROM charges"
            " WHERE reference > ? AND state = 'captured' GROUP BY reference"
            " HAVING sum(amount - refunded) <> 0 ORDER BY reference LIMIT ?",
            after,
            most,
        )
        return [_kept(row) for row in rows]


class TestProcessor:
    """Charges test tokens and test cards."""

    __test__ = False  # pytest, this is not a test

    def __init__(self, store: Store[ChargeRows], *, clock: Clock) -> None:
        """Keep the books in `store`."""
        self._store = store
        self._clock = clock

    async def tokenize(self, card: Card) -> PaymentMethod:
        """Turn a card into a token. Raises InvalidValue for a number, date or CVV that cannot be."""
        number = "".join(card.number.split())
        _check_card(number, card, self._clock().year * 12 + self._clock().month)
        token = "card_" + secrets.token_hex(12)
        async with self._store.write() as rows:
            await rows.insert_card(token, _TEST_NUMBERS.get(number, "tok_visa"))
        return PaymentMethod(token, f"{_BRANDS.get(number[0], 'Card')} ending in {number[-4:]}")

    async def charge(self, reference: str, token: str, amount: int, currency: str) -> Charge:
        """Charge once for each reference while the key is remembered. Raises OutcomeUnknown: the answer is lost."""
        behaviour = await self._behaviour(token)
        now = self._clock()
        async with self._store.write() as rows:
            known = await rows.charge(reference, to_millis(now - KEY_LIFE))
            if known is None:
                state = _DECLINES.get(behaviour or "tok_declined", "captured")
                await rows.insert_charge(reference, state, amount, currency, to_millis(now))
        if known is not None:
            return _charge(known["state"])
        if behaviour == "tok_lost_answer":
            msg = "the processor's answer was lost"
            raise OutcomeUnknown(msg, service="payments")
        return _charge(state)

    async def look_up(self, reference: str) -> Charge | None:
        """What became of a charge, however old; None if there never was one."""
        async with self._store.read() as rows:
            known = await rows.charge(reference, 0)
        return _charge(known["state"]) if known else None

    async def refund(self, reference: str) -> None:
        """Give the money back; idempotent."""
        async with self._store.write() as rows:
            await rows.refund(reference)

    async def kept(self, references: tuple[str, ...]) -> dict[str, int]:
        """What was taken under each reference and not given back, in minor units; 0 where nothing was."""
        async with self._store.read() as rows:
            return {reference: await rows.kept(reference) for reference in references}

    async def all_kept(self, after: str, most: int) -> list[Kept]:
        """The next references behind one, in their order, under which anything was taken and not given back."""
        async with self._store.read() as rows:
            return await rows.all_kept(after, most)

    async def _behaviour(self, token: str) -> str | None:
        if any(token == method.token for method in TEST_TOKENS):
            return token
        async with self._store.read() as rows:
            return await rows.behaviour(token)


@reader
def _kept(row: Row) -> Kept:
    return Kept(row["reference"], int(row["kept"]), row["currency"])


def _charge(state: str) -> Charge:
    return Charge(state == "captured", None if state == "captured" else state)


def _check_card(number: str, card: Card, month: int) -> None:
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and _luhn(number)):  # noqa: PLR2004
        msg = "that is not a card number (a digit is missing or wrong)"
        raise InvalidValue(msg, service="payments")
    if not 1 <= card.expiry_month <= 12 or card.expiry_year * 12 + card.expiry_month < month:  # noqa: PLR2004
        msg = "the card has expired, or the month is not 1 to 12"
        raise InvalidValue(msg, service="payments")
    if not (card.cvv.isascii() and card.cvv.isdigit() and len(card.cvv) in (3, 4)):
        msg = "the CVV has three or four digits"
        raise InvalidValue(msg, service="payments")


def _luhn(number: str) -> bool:
    """Check the last digit (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * 2 for digit in number[-2::-2]]
    return (sum(map(int, number[::-2])) + sum(value // 10 + value % 10 for value in doubled)) % 10 == 0
