"""Authorisation codes, access tokens and refresh tokens with 1688's lives (API.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.alibaba_1688.model import DAY, HOUR

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

CODE_LIFE = 120
ACCESS_LIFE = 10 * HOUR
REFRESH_LIFE = 182 * DAY


class BadGrant(Exception):
    """A token request is refused; the text is the platform's description."""


@dataclass(slots=True)
class Code:
    """An authorisation code: whose it is, until when, used or not."""

    member_id: str
    expires: int
    used: bool = False


@dataclass(slots=True)
class Pair:
    """An access token with the refresh token it belongs to."""

    member_id: str
    access_token: str
    refresh_token: str


@dataclass(slots=True)
class TokenBook:
    """All tokens of the app; every instant comes from the clock handed in."""

    now: Callable[[], int]
    rng: random.Random
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, tuple[str, int]] = field(default_factory=dict)
    refresh: dict[str, tuple[str, int]] = field(default_factory=dict)
    current: dict[str, Pair] = field(default_factory=dict)

    def mint_code(self, member_id: str) -> str:
        """Make an authorisation code for one account."""
        code = self._secret()
        self.codes[code] = Code(member_id, self.now() + CODE_LIFE)
        return code

    def unused_codes(self, accounts: Iterable[str]) -> list[str]:
        """Give one code for each account in this order, minting those that ran out or were used."""
        found = []
        for member_id in accounts:
            alive = [
                text
                for text, code in self.codes.items()
                if code.member_id == member_id and not code.used and code.expires > self.now()
            ]
            found.append(alive[-1] if alive else self.mint_code(member_id))
        return found

    def redeem(self, text: str) -> Pair:
        """Turn a code into tokens, once and within two minutes."""
        code = self.codes.get(text)
        if code is None or code.used or code.expires < self.now():
            raise BadGrant("code无效或已过期")
        code.used = True
        return self.issue(code.member_id)

    def issue(self, member_id: str) -> Pair:
        """Give an account a fresh pair; earlier tokens keep their lives."""
        refresh_token = self._secret()
        self.refresh[refresh_token] = (member_id, self.now() + REFRESH_LIFE)
        return self._grant(member_id, refresh_token)

    def renew(self, refresh_token: str) -> Pair:
        """Give a new access token; the refresh token stays the same."""
        return self._grant(self._owner(refresh_token), refresh_token)

    def postpone(self, refresh_token: str) -> Pair:
        """Replace a refresh token by one with a whole life before it; the old one dies."""
        member_id = self._owner(refresh_token)
        del self.refresh[refresh_token]
        return self.issue(member_id)

    def holder(self, access_token: str) -> str | None:
        """Tell whose token this is, None when unknown or expired."""
        member_id, ends = self.access.get(access_token, ("", -1))
        return member_id if ends > self.now() else None

    def end(self, member_id: str) -> None:
        """Make every token of an account useless (authorisation taken back)."""
        for book in (self.access, self.refresh):
            for token in [text for text, held in book.items() if held[0] == member_id]:
                del book[token]

    def expire(self, member_id: str, *, refresh_too: bool) -> None:
        """Let the account's access tokens run out now, and its refresh tokens if asked."""
        for book in [self.access, self.refresh] if refresh_too else [self.access]:
            for token, (owner, ends) in book.items():
                if owner == member_id:
                    book[token] = (owner, min(ends, self.now() - 1))

    def ends(self, refresh_token: str) -> int:
        """Tell when a refresh token runs out."""
        return self.refresh[refresh_token][1]

    def _owner(self, refresh_token: str) -> str:
        member_id, ends = self.refresh.get(refresh_token, ("", -1))
        if ends <= self.now():
            raise BadGrant("refresh_token无效或已过期")
        return member_id

    def _grant(self, member_id: str, refresh_token: str) -> Pair:
        pair = Pair(member_id, self._secret(), refresh_token)
        self.access[pair.access_token] = (member_id, self.now() + ACCESS_LIFE)
        self.current[member_id] = pair
        return pair

    def _secret(self) -> str:
        raw = f"{self.rng.getrandbits(128):032x}"
        return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
