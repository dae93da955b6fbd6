"""The first look at a push that is safe on disk: whose it is, what it names, and whether it was seen before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.errors import ConfigurationError, GatewayError
from gateway.inbox.events import Event, Reading, body_of, delivery_of
from gateway.model.store import Store
from gateway.ports import Adapter, AuthorisationNews, ChatNews, Hint, WebhookSource
from gateway.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Wish:
    """What one hint asks for in one of our stores: ids to read anew, news of its authorisation, who wrote in a chat."""

    store: str
    orders: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    authorisation: AuthorisationNews | None = None
    chat: ChatNews | None = None


class Reader:
    """Reads pushes. ``stores`` are those that are connected, or were."""

    def __init__(self, vault: Vault, adapter_for: Callable[[str], Adapter], stores: Sequence[Store]) -> None:
        self._vault = vault
        self._adapter_for = adapter_for
        self._stores: Mapping[tuple[str, str], list[Store]] = _by_shop(stores)

    def look(self, connection: Connection, event: Event) -> Reading:
        """Return what the first look at a push finds. Never raises for what a push holds."""
        try:
            body = body_of(connection, self._vault, event)
        except GatewayError as error:  # the master key does not open it
            return Reading(event.id, f"sealed {event.id}", "", f"sealed/{event.id}", "", None, failed=str(error))
        delivery = delivery_of(event.app, body)
        try:
            hints = self._hints(event, body)
        except GatewayError as error:
            return _hopeless(event, delivery, str(error))
        except Exception as error:  # an adapter's fault on one push must not stop the others
            words = f"{type(error).__name__} in the {event.platform} adapter while it read the push: report it"
            return _hopeless(event, delivery, words)
        wishes = self._wishes(event, hints)
        stores = list(dict.fromkeys(wish.store for wish in wishes))
        subjects = [subject for hint in hints for subject in (*hint.requests, *hint.orders)]
        return Reading(
            id=event.id,
            delivery=delivery,
            kind=hints[0].kind if hints else "",
            event_id="\n".join(hint.event_id for hint in hints) or f"empty/{delivery}",
            store=stores[0] if len(stores) == 1 else "",
            subject=subjects[0] if subjects else None,
            ignored="" if wishes else _nothing(hints),
        )

    def wishes(self, connection: Connection, event: Event) -> list[Wish]:
        """Return what a push that was looked at asks for. Raises DataError when it can no longer be read."""
        return self._wishes(event, self._hints(event, body_of(connection, self._vault, event)))

    def _hints(self, event: Event, body: bytes) -> Sequence[Hint]:
        adapter = self._adapter_for(event.platform)
        if not isinstance(adapter, WebhookSource):
            raise ConfigurationError(f"The {event.platform} adapter reads no pushes any more. Install one that does.")
        return adapter.read_pushes(body)

    def _wishes(self, event: Event, hints: Sequence[Hint]) -> list[Wish]:
        found: list[Wish] = []
        for hint in hints:
            stores = [
                store for store in self._stores.get((event.app, hint.shop or ""), []) if hint.role in {None, store.role}
            ]
            if hint.orders or hint.requests:
                found += [Wish(store.id, hint.orders, hint.requests) for store in stores]
            elif hint.chat is not None:
                found += [Wish(store.id, chat=hint.chat) for store in stores]
            elif hint.authorisation is not None:
                if hint.shop is None and hint.authorisation is not AuthorisationNews.ending:
                    stores = [
                        store for (app, _), several in self._stores.items() if app == event.app for store in several
                    ]
                found += [Wish(store.id, authorisation=hint.authorisation) for store in stores]
        return found


def _hopeless(event: Event, delivery: str, reason: str) -> Reading:
    return Reading(event.id, delivery, "", f"unreadable/{delivery}", "", None, failed=reason)


def _nothing(hints: Sequence[Hint]) -> str:
    if not hints:
        return "it says nothing"
    if any(hint.orders or hint.requests or hint.authorisation or hint.chat for hint in hints):
        return f"shop {', '.join(sorted({hint.shop or '(not named)' for hint in hints}))} is not connected"
    return f"kind {hints[0].kind or 'not told'} names nothing to read"


def _by_shop(stores: Sequence[Store]) -> dict[tuple[str, str], list[Store]]:
    found: dict[tuple[str, str], list[Store]] = {}
    for store in stores:
        found.setdefault((store.app, store.external_id), []).append(store)
    return found
