"""Authorisation codes and token pairs with the platform's lives and refresh rules (API.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.xiaohongshu.errors import ApiError
from mocks.xiaohongshu.model import DAY, MINUTE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

CODE_LIFE = 10 * MINUTE
ACCESS_LIFE = 7 * DAY
REFRESH_LIFE = 14 * DAY
RENEW_WITHIN = 30 * MINUTE
OVERLAP = 5 * MINUTE


@dataclass(slots=True)
class Pair:
    """One access token with its refresh token; `replaced_at` is the second a newer pair took over."""

    seller_id: str
    access_token: str
    refresh_token: str
    access_ends: int
    refresh_ends: int
    replaced_at: int | None = None


@dataclass(slots=True)
class Code:
    """An authorisation code: for which shop, until when, and the pair it was exchanged for."""

    seller_id: str
    ends: int
    pair: Pair | None = None


@dataclass(slots=True)
class TokenBook:
    """All tokens of the app; every instant comes from the clock handed in."""

    now: Callable[[], int]
    rng: random.Random
    codes: dict[str, Code] = field(default_factory=dict)
    current: dict[str, Pair] = field(default_factory=dict)
    by_access: dict[str, Pair] = field(default_factory=dict)
    by_refresh: dict[str, Pair] = field(default_factory=dict)

    def mint_code(self, seller_id: str) -> str:
        """Make an authorisation code of one shop that lives ten minutes."""
        code = f"code-{self._secret()}-{self._secret()}"
        self.codes[code] = Code(seller_id, self.now() + CODE_LIFE)
        return code

    def unused_codes(self) -> list[str]:
        """List the codes that have not been exchanged yet."""
        return [text for text, code in self.codes.items() if code.pair is None and code.ends > self.now()]

    def exchange(self, text: str) -> Pair:
        """Give the pair of a code; the same code again gives the same pair while the code lives."""
        code = self.codes.get(text)
        if code is None or code.ends <= self.now():
            raise ApiError("code_invalid")
        if code.pair is None:
            code.pair = self.issue(code.seller_id)
        return code.pair

    def issue(self, seller_id: str) -> Pair:
        """Make a shop's new pair; the replaced access token lives five minutes more."""
        now = self.now()
        earlier = self.current.get(seller_id)
        if earlier is not None:
            earlier.replaced_at = now
            earlier.access_ends = min(earlier.access_ends, now + OVERLAP)
        pair = Pair(
            seller_id,
            f"token-{self._secret()}-{self._secret()}",
            f"refresh-{self._secret()}-{self._secret()}",
            now + ACCESS_LIFE,
            now + REFRESH_LIFE,
        )
        self.current[seller_id] = pair
        self.by_access[pair.access_token] = pair
        self.by_refresh[pair.refresh_token] = pair
        return pair

    def refresh(self, refresh_token: str) -> Pair:
        """Refresh by the four rules: unchanged above 30 minutes, new below or after expiry, refused when run out."""
        pair = self.by_refresh.get(refresh_token)
        if pair is None:
            raise ApiError("refresh_invalid")
        now = self.now()
        if pair.refresh_ends <= now:
            raise ApiError("refresh_expired")
        if pair.replaced_at is not None:
            if now >= pair.replaced_at + OVERLAP:
                raise ApiError("refresh_invalid")
            return self.current[pair.seller_id]
        if pair.access_ends - now > RENEW_WITHIN:
            return pair
        return self.issue(pair.seller_id)

    def holder(self, access_token: str) -> str:
        """Give the shop of a living access token, or refuse."""
        pair = self.by_access.get(access_token)
        if pair is None:
            raise ApiError("token_invalid")
        if pair.access_ends <= self.now():
            raise ApiError("token_expired")
        return pair.seller_id

    def alive(self, seller_id: str) -> bool:
        """Say whether the shop's newest access token is good (no pushes without)."""
        pair = self.current.get(seller_id)
        return pair is not None and pair.access_ends > self.now()

    def expire(self, seller_id: str, *, refresh_too: bool) -> None:
        """Let the shop's access tokens run out now, and its refresh tokens if asked."""
        for pair in self.by_access.values():
            if pair.seller_id == seller_id:
                pair.access_ends = min(pair.access_ends, self.now())
                if refresh_too:
                    pair.refresh_ends = min(pair.refresh_ends, self.now())

    def revoke(self, seller_id: str) -> None:
        """Make every token and code of the shop useless."""
        for book in (self.by_access, self.by_refresh):
            for text in [text for text, pair in book.items() if pair.seller_id == seller_id]:
                del book[text]
        for text in [text for text, code in self.codes.items() if code.seller_id == seller_id]:
            del self.codes[text]
        self.current.pop(seller_id, None)

    def _secret(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"
