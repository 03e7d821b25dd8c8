"""UserService's tables."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from backends.models import Address, User
from backends.text import clean
from stub_services.addresses import read_address
from stub_services.database import Row, Statements
from stub_services.idempotency import Requests
from stub_services.times import from_millis, to_millis

_SESSIONS = (
    "SELECT sessions.id AS session_id, sessions.expires_at, users.*"
    " FROM sessions JOIN users ON users.id = sessions.user_id"
)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it is kept."""

    id: str
    user: User
    expires_at: datetime


class UserRows:
    """Accounts, sessions and addresses inside one transaction."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self.requests = Requests(sql)

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

    async def set_name(self, user_id: str, name: str) -> None:
        """Replace the name."""
        await self._sql.run("UPDATE users SET name = ? WHERE id = ?", name, user_id)

    async def set_email(self, user_id: str, email: str, email_key: str) -> bool:
        """Replace the e-mail address; False if it is another account's."""
        changed = await self._sql.run(
            "UPDATE users SET email = ?, email_key = ? WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM users AS others WHERE others.email_key = ? AND others.id <> ?)",
            email,
            email_key,
            user_id,
            email_key,
            user_id,
        )
        return changed == 1

    async def set_password(self, user_id: str, password_hash: str) -> None:
        """Replace the password."""
        await self._sql.run("UPDATE users SET password_hash = ? WHERE id = ?", password_hash, user_id)

    async def delete_user(self, user_id: str) -> None:
        """Remove the account with its sessions and addresses."""
        await self._sql.run("DELETE FROM users WHERE id = ?", user_id)

    async def insert_session(self, session_id: str, user_id: str, expires_at: datetime, now: datetime) -> None:
        """Start a session, and forget those that have ended."""
        await self._sql.run("DELETE FROM sessions WHERE expires_at <= ?", to_millis(now))
        await self._sql.run(
            "INSERT INTO sessions (id, user_id, expires_at) VALUES (?, ?, ?)",
            session_id,
            user_id,
            to_millis(expires_at),
        )

    async def session(self, session_id: str) -> StoredSession | None:
        """One session, with whose it is."""
        return _session(await self._sql.one(f"{_SESSIONS} WHERE sessions.id = ?", session_id))

    async def session_of(self, token_hash: str) -> tuple[StoredSession, datetime | None] | None:
        """The session that a token continues, and since when a newer token is used in its place, if one is."""
        row = await self._sql.one("SELECT session_id, replaced_at FROM tokens WHERE token_hash = ?", token_hash)
        session = await self.session(row["session_id"]) if row else None
        if row is None or session is None:
            return None
        return session, None if row["replaced_at"] is None else from_millis(row["replaced_at"])

    async def insert_token(self, token_hash: str, session_id: str, predecessor: str | None = None) -> None:
        """Let a token continue a session, in the place of its predecessor once it is used."""
        await self._sql.run(
            "INSERT INTO tokens (token_hash, session_id, predecessor) VALUES (?, ?, ?)",
            token_hash,
            session_id,
            predecessor,
        )

    async def use_token(self, token_hash: str, now: datetime, forgotten: datetime) -> None:
        """Note that a token replaces its predecessor, and what else came in that one's place, unless that is noted.

        Those replaced before `forgotten` are forgotten.
        """
        await self._sql.run("DELETE FROM tokens WHERE replaced_at < ?", to_millis(forgotten))
        await self._sql.run(
            "UPDATE tokens SET replaced_at = ? FROM tokens AS used"
            " WHERE used.token_hash = ? AND tokens.session_id = used.session_id"
            " AND tokens.token_hash <> used.token_hash AND tokens.replaced_at IS NULL"
            " AND (tokens.token_hash = used.predecessor OR tokens.predecessor = used.predecessor)",
            to_millis(now),
            token_hash,
        )

    async def delete_session(self, session_id: str) -> None:
        """End a session with all its tokens; idempotent."""
        await self._sql.run("DELETE FROM sessions WHERE id = ?", session_id)

    async def delete_other_sessions(self, user_id: str, session_id: str) -> None:
        """End all sessions of an account but one."""
        await self._sql.run("DELETE FROM sessions WHERE user_id = ? AND id <> ?", user_id, session_id)

    async def attempts(self, email_hash: str, since: datetime) -> list[datetime]:
        """When somebody tried to log in with this e-mail address and did not succeed later, oldest first."""
        rows = await self._sql.all(
            "SELECT at FROM attempts WHERE email_hash = ? AND at > ? ORDER BY at", email_hash, to_millis(since)
        )
        return [from_millis(row["at"]) for row in rows]

    async def insert_attempt(self, email_hash: str, now: datetime, forgotten: datetime) -> None:
        """Note an attempt to log in, and forget those from before `forgotten`."""
        await self._sql.run("DELETE FROM attempts WHERE at <= ?", to_millis(forgotten))
        await self._sql.run("INSERT INTO attempts (email_hash, at) VALUES (?, ?)", email_hash, to_millis(now))

    async def delete_attempts(self, email_hash: str) -> None:
        """Forget attempts: the right password came."""
        await self._sql.run("DELETE FROM attempts WHERE email_hash = ?", email_hash)

    async def signing_keys(self) -> dict[str, str]:
        """Private keys (PEM) by id, the newest first."""
        rows = await self._sql.all("SELECT id, private_key FROM signing_keys ORDER BY created_at DESC, id")
        return {row["id"]: row["private_key"] for row in rows}

    async def insert_signing_key(self, key_id: str, private_key: str, now: datetime) -> None:
        """Add a key, which signs from now on."""
        await self._sql.run(
            "INSERT INTO signing_keys (id, private_key, created_at) VALUES (?, ?, ?)",
            key_id,
            private_key,
            to_millis(now),
        )

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


def _session(row: Row | None) -> StoredSession | None:
    return StoredSession(row["session_id"], _user(row), from_millis(row["expires_at"])) if row else None
