"""Authorisation codes, access tokens and refresh tokens with Shopee's lives (API.md section 3)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mocks.shopee.errors import ApiError
from mocks.shopee.model import DAY

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

CODE_LIFE = 600
ACCESS_LIFE = 14_400
REFRESH_LIFE = 30 * DAY
OVERLAP = 300

Holder = tuple[Literal["shop", "merchant"], int]
"""Whom a token serves: a shop or a merchant, with its id."""


def hex_hmac(key: str, message: str | bytes) -> str:
    """Sign as Shopee does: lower-case hex of HMAC-SHA256 keyed with the key's text."""
    raw = message.encode() if isinstance(message, str) else message
    return hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Code:
    """An authorisation code: for which shops (and main account), until when, used or not."""

    holders: tuple[Holder, ...]
    shop_id: int | None
    main_account_id: int | None
    expires: int
    used: bool = False


@dataclass(slots=True)
class Pair:
    """A fresh access token with its refresh token."""

    access_token: str
    refresh_token: str
    expire_in: int


@dataclass(slots=True)
class TokenBook:
    """All tokens of one app; every instant comes from the clock handed in."""

    now: Callable[[], int]
    rng: random.Random
    access: dict[str, dict[Holder, int]] = field(default_factory=dict)
    refresh: dict[str, dict[Holder, int]] = field(default_factory=dict)
    spent: set[tuple[str, Holder]] = field(default_factory=set)
    current: dict[Holder, Pair] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    resend_codes: dict[str, tuple[Holder, ...]] = field(default_factory=dict)

    def mint_code(self, holders: Iterable[Holder], *, shop_id: int | None, main_account_id: int | None) -> str:
        """Make an authorisation code that lives ten minutes."""
        code = self._secret()
        self.codes[code] = Code(tuple(holders), shop_id, main_account_id, self.now() + CODE_LIFE)
        return code

    def unused_codes(self) -> list[str]:
        """List the codes that can still be exchanged."""
        return [text for text, code in self.codes.items() if not code.used and code.expires > self.now()]

    def issue(self, holders: Iterable[Holder], *, life: int = ACCESS_LIFE) -> Pair:
        """Give one pair to all holders, ending every earlier token of theirs at once."""
        pair = Pair(self._secret(), self._secret(), life)
        ends, refresh_ends = self.now() + life, self.now() + REFRESH_LIFE
        for holder in holders:
            self.end(holder)
            self.access.setdefault(pair.access_token, {})[holder] = ends
            self.refresh.setdefault(pair.refresh_token, {})[holder] = refresh_ends
            self.current[holder] = pair
        return pair

    def renew(self, refresh_token: str, holder: Holder) -> Pair:
        """Spend a refresh token for one holder; the earlier access token lives five minutes more."""
        holders = self.refresh.get(refresh_token)
        if holders is None or (refresh_token, holder) in self.spent:
            raise ApiError("error_auth", "Invalid refresh_token.")
        if holder not in holders:
            raise ApiError(f"error_{holder[0]}_refresh_token")
        if holders[holder] <= self.now():
            raise ApiError("refresh_token_expired")
        self.spent.add((refresh_token, holder))
        for known in self.access.values():
            if holder in known:
                known[holder] = min(known[holder], self.now() + OVERLAP)
        pair = Pair(self._secret(), self._secret(), ACCESS_LIFE)
        self.access[pair.access_token] = {holder: self.now() + ACCESS_LIFE}
        self.refresh[pair.refresh_token] = {holder: self.now() + REFRESH_LIFE}
        self.current[holder] = pair
        return pair

    def end(self, holder: Holder) -> None:
        """Make every token of a holder useless (re-authorisation replaces both)."""
        for known in self.access.values():
            known.pop(holder, None)
        for token, known in self.refresh.items():
            if holder in known:
                self.spent.add((token, holder))

    def expire(self, holder: Holder, *, refresh_too: bool) -> None:
        """Let the holder's access tokens run out now, and its refresh tokens if asked."""
        books = [self.access, self.refresh] if refresh_too else [self.access]
        for book in books:
            for known in book.values():
                if holder in known:
                    known[holder] = min(known[holder], self.now() - 1)

    def alive(self, access_token: str) -> bool:
        """Say whether the access token is known and unexpired for anyone."""
        return any(ends >= self.now() for ends in self.access.get(access_token, {}).values())

    def serves(self, access_token: str, holder: Holder) -> bool:
        """Say whether the access token is unexpired for this holder."""
        return self.access.get(access_token, {}).get(holder, -1) >= self.now()

    def _secret(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"
