"""1688's signature over calls and messages (API.md section 2)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNATURE = "_aop_signature"


def upper_hmac(secret: str, text: str) -> str:
    """Sign a text: upper-case hex of HMAC-SHA1 keyed with the app's secret."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest().upper()


def signed_texts(path: str, params: Mapping[str, str]) -> tuple[str, str]:
    """Give both texts a client may have signed: pairs joined and then sorted, and sorted by key."""
    wanted = {key: value for key, value in params.items() if key != SIGNATURE}
    joined = path + "".join(sorted(key + value for key, value in wanted.items()))
    by_key = path + "".join(key + wanted[key] for key in sorted(wanted))
    return joined, by_key


def fits(secret: str, path: str, params: Mapping[str, str]) -> bool:
    """Say whether the parameters carry a right signature for this path (`param2/1/...`)."""
    given = params.get(SIGNATURE, "").encode()
    return any(hmac.compare_digest(upper_hmac(secret, text).encode(), given) for text in signed_texts(path, params))
