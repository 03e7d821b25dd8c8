"""UserService's tables."""

import json
from dataclasses import asdict
from datetime import datetime

from backends.models import Address, User
from backends.text import clean
from stub_services.addresses import read_address
from stub_services.database import Row, Statements
from stub_services.times import from_millis, to_millis


class UserRows:
    """Accounts, sessions and addresses inside one transaction."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    async def insert_user(self, user: User, email_key: str, password_hash: str, now: datetime) -> bool:
        """Add an account; False if the e-mail address is taken."""
        changed = await self._sql.run(
            "INSERT INTO users (id, name, email, email_key, password_hash, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (email_key) DO NOTHING",
            user.id,
            user.name,
            user.email,
            email_key,
            password_hash,
            to_millis(now),
        )
        return changed == 1

    async def user_by_email(self, email_key: str) -> tuple[User, str] | None:
        """Return the account and its password hash."""
        return _with_hash(await self._sql.one("SELECT * FROM users WHERE email_key = ?", email_key))

    async def user_by_id(self, user_id: str) -> tuple[User, str] | None:
        """Return the account and its password hash."""
        return _with_hash(await self._sql.one("SELECT * FROM users WHERE id = ?", user_id))

    async def set_password(self, user_id: str, password_hash: str) -> None:
        """Replace the password."""
        await self._sql.run("UPDATE users SET password_hash = ? WHERE id = ?", password_hash, user_id)

    async def delete_user(self, user_id: str) -> None:
        """Remove the account with its sessions and addresses."""
        await self._sql.run("DELETE FROM users WHERE id = ?", user_id)

    async def insert_session(self, token_hash: str, user_id: str, expires_at: datetime, now: datetime) -> None:
        """Start a session, and forget those that have ended."""
        await self._sql.run("DELETE FROM sessions WHERE expires_at <= ?", to_millis(now))
        await self._sql.run(
            "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES (?, ?, ?)",
            token_hash,
            user_id,
            to_millis(expires_at),
        )

    async def session(self, token_hash: str) -> tuple[User, datetime] | None:
        """Who a session belongs to and when it ends."""
        row = await self._sql.one(
            "SELECT users.*, sessions.expires_at FROM sessions JOIN users ON users.id = sessions.user_id"
            " WHERE token_hash = ?",
            token_hash,
        )
        return (_user(row), from_millis(row["expires_at"])) if row else None

    async def delete_session(self, token_hash: str) -> None:
        """End a session; idempotent."""
        await self._sql.run("DELETE FROM sessions WHERE token_hash = ?", token_hash)

    async def delete_other_sessions(self, user_id: str, token_hash: str) -> None:
        """End all sessions of an account but one."""
        await self._sql.run("DELETE FROM sessions WHERE user_id = ? AND token_hash <> ?", user_id, token_hash)

    async def addresses(self, user_id: str) -> tuple[Address, ...]:
        """The address book, its default first, then by label."""
        rows = await self._sql.all(
            "SELECT address FROM addresses WHERE user_id = ? ORDER BY is_default DESC, label", user_id
        )
        return tuple(read_address(row["address"]) for row in rows)

    async def save_address(self, user_id: str, address: Address, *, default: bool) -> None:
        """Add or replace an address, as the default if asked."""
        if default:
            await self._sql.run("UPDATE addresses SET is_default = 0 WHERE user_id = ?", user_id)
        await self._sql.run(
            "INSERT INTO addresses (user_id, label, address, is_default) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (user_id, label) DO UPDATE SET address = excluded.address,"
            " is_default = CASE WHEN excluded.is_default = 1 THEN 1 ELSE addresses.is_default END",
            user_id,
            address.label,
            json.dumps(asdict(address)),
            int(default),
        )

    async def remove_address(self, user_id: str, label: str) -> bool:
        """Remove an address; False if there is none with that label."""
        removed = await self._sql.run("DELETE FROM addresses WHERE user_id = ? AND label = ?", user_id, label)
        return removed == 1


def _user(row: Row) -> User:
    return User(row["id"], clean(row["name"]), clean(row["email"]))


def _with_hash(row: Row | None) -> tuple[User, str] | None:
    return (_user(row), row["password_hash"]) if row else None
