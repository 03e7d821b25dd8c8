"""What is left of somebody who deletes the account."""

from pathlib import Path

from backends import Address, Card, open_backend

PASSWORD = "correct horse 9 battery"


async def test_a_deleted_account_leaves_no_cart_no_card_and_no_address_behind(tmp_path: Path) -> None:
    shop = open_backend(f"sqlite:{tmp_path}")
    await shop.users.signup("Ada", "ada@example.org", PASSWORD)
    await shop.users.login("ada@example.org", PASSWORD)
    await shop.carts.add("sigma-35-f2/sony-e", 1)
    home = Address("home", "Ada", "Unmistakable 1", "Berlin", "10115", "DE")
    await shop.users.save_address(home)
    await shop.carts.set_address(home, "ada@example.org")
    card = await shop.payments.tokenize(Card("4242424242424242", 12, 2999, "123"))

    await shop.users.delete_account(PASSWORD)
    await shop.aclose()

    left = b"".join(file.read_bytes() for file in tmp_path.glob("*.db"))
    for trace in (b"Unmistakable 1", b"ada@example.org"):
        assert trace not in left, trace
    assert card.token.encode() not in (tmp_path / "payments.db").read_bytes()
