"""The composition root: one shop and all that a front end needs to use it."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from backends.errors import ShopError
from backends.interface import SERVICES
from backends.registry import canonical, open_backend
from shopcli.core.paths import JOURNAL, data_directory, private_directory, unusable
from shopcli.core.profiles import DEFAULT, RESERVED, Profiles, UnknownProfile
from shopcli.core.sessions import FileSessions, sessions_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.interface import Backend
    from shopcli.core.checkout import Checkout
    from shopcli.core.journal import Journal
    from shopcli.core.settling import Settled

# 48 bits of the URL's digest tell a person's shops apart and still read well in a path.
_DIGEST_DIGITS = 12


class Shop:
    """A shop by URL, with the state that belongs to it; each part is opened when it is first used."""

    def __init__(
        self,
        url: str,
        directory: Path,
        *,
        profile: str | None = None,
        observe: "Callable[[Backend], Backend] | None" = None,
        credentials: str = "file",
    ) -> None:
        """Use the shop at `url`, which is what `profile` names, and keep sessions and journal in `directory`.

        `observe` may wrap the backend to watch its calls. `credentials` is where tokens are kept: `file`, `keyring`.
        """
        self.url = url
        self.directory = directory
        self.profile = profile
        self._observe = observe
        self._credentials = credentials

    @cached_property
    def backend(self) -> "Backend":
        """The five services. Raises ConfigurationError, StorageError."""
        if self.url == default_url():
            private_directory(data_directory())
        backend = open_backend(self.url, sessions=self.sessions)
        return self._observe(backend) if self._observe else backend

    @property
    def has_begun(self) -> bool:
        """Whether somebody was there: an embedded shop is made in its directory by the first who asks it."""
        scheme, _, directory = self.url.partition(":")
        return scheme != "sqlite" or any((Path(directory) / f"{name}.db").exists() for name in SERVICES)

    @cached_property
    def sessions(self) -> FileSessions:
        """Who is logged in at this shop, and nowhere else: its directory belongs to the URL."""
        return sessions_in(self.directory, self._credentials)

    @cached_property
    def journal(self) -> "Journal":
        """What was confirmed and may not be settled yet."""
        from shopcli.core.journal import Journal

        private_directory(self.directory)
        return Journal(self._journal_path)

    @cached_property
    def checkout(self) -> "Checkout":
        """Placing, paying and cancelling, journalled."""
        from shopcli.core.checkout import Checkout

        return Checkout(self.backend, self.journal)

    def remember(self, email: str | None) -> None:
        """Note whose session this is, or nobody's, for those who ask without asking the shop."""
        with suppress(ShopError):  # the session itself is as it should be
            if email is None:
                self.sessions.update(lambda kept: kept.pop("email", None))
            else:
                self.sessions.update(lambda kept: kept.update(email=email))

    def unfinished(self) -> int:
        """How many confirmed requests may not be settled; reads one local file, and only if it exists.

        Raises StorageError.
        """
        try:
            exists = self._journal_path.exists()
        except OSError as error:
            raise unusable(self._journal_path, error) from None
        return self.journal.count_unfinished(self.backend.account_id()) if exists else 0

    def unfinished_of_others(self) -> int:
        """How many confirmed requests wait for another account to log in. Raises StorageError."""
        mine = self.unfinished()
        return self.journal.count_everyones() - mine if self._journal_path.exists() else 0

    def give_up(self, account: str | None) -> None:
        """Forget the unfinished checkouts of an account that is deleted; a journal that fails keeps them."""
        with suppress(ShopError, OSError):
            if account is not None and self._journal_path.exists():
                self.journal.give_up(account)

    async def settle(self, *, wait: bool = False) -> "tuple[Settled, ...]":
        """Find out what became of each unfinished checkout.

        Nothing where another terminal is just checking out, unless `wait`: then Locked at the deadline.
        """
        if not self.unfinished():
            return ()
        from shopcli.core.settling import settle

        return await settle(self.checkout, wait=wait)

    @property
    def _journal_path(self) -> Path:
        return self.directory / JOURNAL

    @property
    def is_open(self) -> bool:
        """Whether the backend was used, so that it has to be closed."""
        return "backend" in self.__dict__

    async def aclose(self) -> None:
        """Close what was opened."""
        if self.is_open:
            await self.backend.aclose()
        self.close_journal()

    def close_journal(self) -> None:
        """Close the journal, all that may be open where the backend was never used."""
        if "journal" in self.__dict__:
            self.journal.close()


def default_url() -> str:
    """Where to shop unless something else is said: an embedded shop in the data directory."""
    return Profiles().backend(DEFAULT)


def open_shop(
    url: str | None = None,
    *,
    profile: str | None = None,
    observe: "Callable[[Backend], Backend] | None" = None,
    credentials: str = "file",
) -> Shop:
    """Open the shop at `url`, or that of a profile: the one named, else the one in use.

    Each profile, and each URL without one, has a directory of its own, so that a session is never sent to another
    shop. Reads at most two local files and writes none. Raises UnknownProfile, StorageError.
    """
    profiles = Profiles()
    if url and canonical(url) != default_url():
        directory = profiles.directory(_nameless(canonical(url)))
        return Shop(canonical(url), directory, observe=observe, credentials=credentials)
    name = DEFAULT if url else profile or _in_use(profiles)
    directory = profiles.directory(name)
    return Shop(profiles.backend(name), directory, profile=name, observe=observe, credentials=credentials)


def _in_use(profiles: Profiles) -> str:
    name = profiles.current() or DEFAULT
    try:
        profiles.backend(name)
    except UnknownProfile as error:
        raise UnknownProfile(f"{error.message} (it is the one in use)", hint=f"shop profile use {DEFAULT}") from None
    return name


def _nameless(url: str) -> str:
    """Return the directory of a shop that has no name."""
    from hashlib import sha256  # 0.3 of a bare Python start, for OpenSSL

    digest = sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST_DIGITS]
    return f"{RESERVED}{digest}"
