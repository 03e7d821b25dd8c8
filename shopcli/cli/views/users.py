"""Accounts and addresses."""

from backends.models import Address, User
from shopcli.cli.columns import Card, Column, View

USER = View(
    User,
    (
        Column("name", lambda user: user.name, shrinks=True),
        Column("email", lambda user: user.email),
        Column("id", lambda user: user.id, hidden=True),
    ),
    identity=lambda user: user.email,
    card=lambda user: Card([f"{user.name} <{user.email}>"], (), ()),
)

ADDRESS = View(
    Address,
    (
        Column("label", lambda address: address.label),
        Column("name", lambda address: address.name, rank=1),
        Column("line1", lambda address: address.line1, shrinks=True),
        Column("line2", lambda address: address.line2, rank=5),
        Column("postcode", lambda address: address.postcode, rank=2),
        Column("city", lambda address: address.city),
        Column("region", lambda address: address.region, rank=4),
        Column("country", lambda address: address.country),
        Column("phone", lambda address: address.phone, rank=3),
    ),
    identity=lambda address: address.label,
)
