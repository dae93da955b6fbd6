"""A person is forgotten for good: what was sealed with the order's key opens for nobody, and the facts stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, make_url, select

from gateway.cases.case import open_case
from gateway.cases.contact import messages_of, record_sent
from gateway.errors import Conflict, NeedsApproval, NotFound
from gateway.inbox.events import Arrival, keep
from gateway.operations.erasing import erase_order
from gateway.operations.orders import show_order
from gateway.operations.purchases import link_purchase
from gateway.storage import audit
from gateway.storage.moments import to_micros
from gateway.storage.schema import effects, inbox, order_keys, order_personal
from tests.kit.office import office

__all__ = ["office"]

BUYER = {"buyer_id": "b-1", "name": "Example Buyer"}


@pytest.fixture
async def shop(office: Any) -> Any:
    """A gateway with an order that has ended, and one that goes on."""
    for number, closure in (("o1", "completed"), ("o2", "open")):
        await office.put("blue", number, closure=closure, buyer=BUYER, fulfillment="delivered")
    return office


async def erase(shop: Any, order: str = "o1", **how: Any) -> Any:
    return await erase_order(shop.context, order, by="anna", **({"yes": True} | how))


async def person(shop: Any, order: str = "o1") -> Any:
    return (await show_order(shop.context, order, personal=True)).order.buyer


async def erasures(shop: Any) -> list[audit.Entry]:
    entries: list[audit.Entry] = await shop.read(lambda c: audit.of_order(c, "blue", "o1"))
    return [each for each in entries if each.what == "person_erased"]


async def test_the_key_goes_and_the_facts_stay(shop: Any) -> None:
    assert (await person(shop)).name == "Example Buyer"
    now = shop.clock.now()
    told = {"store": "blue", "order_id": "o1", "purpose": "explain", "language": "en", "at": now, "by": "anna"}
    await shop.write(lambda c: record_sent(c, shop.context.vault, text="Dear Example", now=now, **told))
    done = await erase(shop, because="asked for it")
    assert (done.store, done.already, done.files) == ("blue", False, ())
    assert await person(shop) is None
    assert (await show_order(shop.context, "o1")).order.total_minor == 5000
    (said,) = await shop.read(lambda c: messages_of(c, "blue", "o1", vault=shop.context.vault))
    assert (said.purpose, said.text) == ("explain", None)
    for table in (order_keys, order_personal):
        left = await shop.read(lambda c, table=table: c.execute(select(table.c.order_id)).scalars().all())
        assert left == ["o2"]
    (entry,) = await erasures(shop)
    assert (entry.what, entry.who, entry.details) == ("person_erased", "anna", {"because": "asked for it"})
    assert await shop.read(audit.verify) > 0, "the trail holds no personal data: it is whole"


async def test_it_is_never_stored_again_and_told_once(shop: Any) -> None:
    await erase(shop)
    shop.later(minutes=1)
    await shop.put("blue", "o1", closure="completed", buyer=BUYER, fulfillment="delivered")
    assert await person(shop) is None
    assert (await erase(shop)).already
    assert len(await erasures(shop)) == 1


async def test_without_a_yes_nothing_is_forgotten(shop: Any) -> None:
    with pytest.raises(NeedsApproval, match="--yes"):
        await erase(shop, yes=False)
    assert await person(shop) is not None


async def test_an_order_that_goes_on_or_has_a_case_is_left_unless_forced(shop: Any) -> None:
    with pytest.raises(Conflict, match=r"has not ended.*--force"):
        await erase(shop, "o2")
    now = shop.clock.now()
    case = await shop.write(
        lambda c: open_case(c, store="blue", order_id="o1", reason="changed_mind", by="anna", now=now)
    )
    with pytest.raises(Conflict, match=f"cases stop {case.id}.*--force"):
        await erase(shop)
    assert await person(shop) is not None
    await erase(shop, force=True)
    assert await person(shop) is None
    (entry,) = await erasures(shop)
    assert entry.details == {"case": case.id, "forced": "true"}


async def test_never_while_an_effect_is_under_way(shop: Any) -> None:
    row = {
        "id": "e1", "intent": "i", "decision": "d", "store": "blue", "order_id": "o1", "operation": "seller_close",
        "subject": "o1", "act": b'{"operation":"seller_close","order_id":"o1","key":"k"}', "state": "unknown",
        "reference": "", "because": "", "attempts": 1, "created_at": 1, "changed_at": to_micros(shop.clock.now()),
    }  # fmt: skip
    await shop.write(lambda c: c.execute(insert(effects), row))
    with pytest.raises(Conflict, match=r"e1.*under way"):
        await erase(shop, force=True)
    assert await person(shop) is not None


async def test_bodies_of_pushes_about_it_go_too(shop: Any) -> None:
    now = shop.clock.now()
    await shop.ask("blue", "o1", "r1", state="done")
    arrivals = [Arrival("shopee", "shopee", b'{"n": %d}' % n, now) for n in range(4)]
    await shop.write(lambda c: keep(c, shop.context.vault, arrivals))

    def about(c: Any) -> None:
        for number, (subject, state) in enumerate(
            [("o1", "processed"), ("r1", "ignored"), ("o2", "processed"), ("o1", "received")], start=1
        ):
            values = {"store": "blue", "subject": subject, "state": state}
            c.execute(inbox.update().where(inbox.c.id == number).values(**values))

    await shop.write(about)
    assert (await erase(shop)).pushes == 2
    kept = await shop.read(lambda c: c.execute(select(inbox.c.id).where(inbox.c.sealed.is_not(None))).scalars().all())
    assert kept == [3, 4]


async def test_linked_purchases_are_named(shop: Any) -> None:
    await shop.put("ali", "p1", closure="completed")
    await link_purchase(shop.context, "o1", "p1", by="anna")
    assert (await erase(shop)).also == ("p1 of store ali",)


async def test_an_order_nobody_knows(shop: Any) -> None:
    with pytest.raises(NotFound):
        await erase(shop, "nonsense")
    with pytest.raises(NotFound):
        await erase(shop, "o1", store="red")


async def test_nothing_of_it_lingers(shop: Any) -> None:
    """Neither in the tables nor, with SQLite, in the files; a server's files are the server's."""

    def kept(c: Any) -> list[bytes]:
        mine = select(order_keys.c.wrapped).where(order_keys.c.order_id == "o1")
        sealed = select(order_personal.c.sealed).where(order_personal.c.order_id == "o1")
        return [*c.execute(mine).scalars(), *c.execute(sealed).scalars()]

    def stored() -> bytes:
        if shop.context.shares_database:
            return b""
        database = make_url(shop.context.folder.database_url).database
        return b"".join(path.read_bytes() for path in Path(database).parent.glob(f"{Path(database).name}*"))

    secret = await shop.read(kept)
    assert len(secret) == 2
    assert all(each in stored() for each in secret) or shop.context.shares_database
    await erase(shop)
    assert not set(await shop.read(kept)) & set(secret)
    assert not any(each in stored() for each in secret)
