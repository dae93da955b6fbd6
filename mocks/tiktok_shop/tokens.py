"""Authorisation codes, access tokens and refresh tokens of the app (API.md 2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.model import DAY

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from mocks.tiktok_shop.model import Seller

CODE_LIFE = 1800
ACCESS_LIFE = 7 * DAY


@dataclass(slots=True)
class Code:
    """An authorisation code: whose, until when, used or not."""

    seller: Seller
    expires: int
    used: bool = False


@dataclass(slots=True)
class Pair:
    """An access token with its refresh token; the ends are absolute unix seconds."""

    seller: Seller
    access_token: str
    access_ends: int
    refresh_token: str
    refresh_ends: int
    spent: bool = False


@dataclass(slots=True)
class TokenBook:
    """All tokens of one app; every instant comes from the clock handed in."""

    now: Callable[[], int]
    rng: random.Random
    access: dict[str, Pair] = field(default_factory=dict)
    refresh: dict[str, Pair] = field(default_factory=dict)
    current: dict[str, Pair] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)

    def mint_code(self, seller: Seller) -> str:
        """Make an authorisation code that lives half an hour."""
        code = f"ROW_{self._secret(40)}"
        self.codes[code] = Code(seller, self.now() + CODE_LIFE)
        return code

    def unused_code(self, seller: Seller) -> str:
        """Give a code of this seller that can still be exchanged, making one when there is none."""
        for text, code in self.codes.items():
            if code.seller is seller and not code.used and code.expires > self.now():
                return text
        return self.mint_code(seller)

    def exchange(self, text: str) -> Pair:
        """Turn a code into tokens, once."""
        code = self.codes.get(text)
        if code is None or code.used:
            raise ApiError(105001, "Invalid credentials. The authorization code is invalid.")
        if code.expires <= self.now():
            raise ApiError(105002, "Expired credentials. The authorization code has expired.")
        code.used = True
        return self.issue(code.seller)

    def issue(self, seller: Seller) -> Pair:
        """Give a new pair; earlier access tokens live on to their end."""
        pair = Pair(
            seller,
            f"ROW_{self._secret(40)}",
            min(self.now() + ACCESS_LIFE, seller.authorised_until),
            f"ROW_{self._secret(48)}",
            seller.authorised_until,
        )
        self.access[pair.access_token] = pair
        self.refresh[pair.refresh_token] = pair
        self.current[seller.open_id] = pair
        return pair

    def renew(self, refresh_token: str) -> Pair:
        """Spend a refresh token for a new pair."""
        pair = self.refresh.get(refresh_token)
        if pair is None or pair.spent or not pair.seller.linked:
            raise ApiError(105001, "Invalid credentials. The refresh token is invalid.")
        if pair.refresh_ends <= self.now():
            raise ApiError(105002, "Expired credentials. The refresh token has expired.")
        pair.spent = True
        return self.issue(pair.seller)

    def expire(self, seller: Seller, *, refresh_too: bool) -> None:
        """Let the seller's access tokens run out now, and its refresh tokens if asked."""
        for pair in self.access.values():
            if pair.seller is seller:
                pair.access_ends = min(pair.access_ends, self.now())
                if refresh_too:
                    pair.refresh_ends = min(pair.refresh_ends, self.now())

    def seller_of(self, access_token: str) -> Seller:
        """Tell whose the token is; ApiError when it is unknown, revoked or expired."""
        pair = self.access.get(access_token)
        if pair is None or not pair.seller.linked:
            raise ApiError(105001)
        if pair.access_ends <= self.now():
            raise ApiError(105002)
        return pair.seller

    def _secret(self, length: int) -> str:
        return f"{self.rng.getrandbits(length * 4):0{length}x}"
