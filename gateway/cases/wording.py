"""What an effect would tell a buyer, held against the rules about texts right before it is sent."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.errors import DataError, NotAllowed
from gateway.model.store import Platform, Store
from gateway.policy.locale import default_language
from gateway.policy.message_guard import Occasion, require
from gateway.policy.terms import Purpose, Reason
from gateway.ports import Act, Operation

TEXT_FOR_BUYER = {Operation.send_message: "text"}
"""The operations that put words before a buyer, and the parameter of the act that holds them."""


def objection_to_words(act: Act, store: Store, wish: str, now: datetime) -> str | None:
    """Return why the act's words may not be sent to the buyer; None when they may, or when it has none.

    ``wish`` is the word of the act's intent: the true reason, where it is one.
    """
    text = act.parameters.get(TEXT_FOR_BUYER.get(act.operation, ""))
    if text is None:
        return None
    language = act.parameters.get("language") or default_language(store.region)
    purpose = act.parameters.get("purpose")
    occasion = Occasion(
        platform=Platform.of(store.platform),
        purpose=Purpose(purpose) if purpose in set(Purpose) else None,
        language=None if language == "und" else language,
        reason=Reason(wish) if wish in set(Reason) else None,
        day=now.astimezone(ZoneInfo(store.time_zone)).date(),
    )
    try:
        require(text, occasion)
    except (NotAllowed, DataError) as error:
        return str(error)
    return None
