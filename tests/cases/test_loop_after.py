"""The whole way of a case with a person in it, and what it sees to after the order's end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from gateway.cases.after import Aftermath
from gateway.cases.case import case_of, history_of, open_case
from gateway.cases.resolve import Resolver
from gateway.cases.tasks import TaskKind, finish_task, tasks_like
from gateway.cases.upstream import Judge
from gateway.model.order import Closure, EndedBy, FulfillmentState
from gateway.policy.rule_set import load_rules
from gateway.sync.connections import Connections
from tests.kit.paper import NoChannel


def resolver(shop: Any) -> Resolver:
    """Return a resolver whose cases see to what is left."""
    rules = load_rules()
    return Resolver(
        database=shop.database,
        vault=shop.vault,
        clock=shop.clock,
        rules=rules,
        connections=Connections(shop.database, shop.vault, lambda _: shop.platform, lambda a, b, c, s: NoChannel(s)),
        pull_for=lambda _: shop.pull(),
        valuations={},
        aftermath=Aftermath(Judge(shop.vault, rules, {}, Decimal(0))),
    )


async def opened(shop: Any, reason: str) -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: open_case(c, store="s1", order_id="o1", reason=reason, by="anna", now=now)
    )


async def turn(shop: Any, case: Any) -> Any:
    due_at = (await shop.read(lambda c: case_of(c, case.id))).due_at
    shop.clock.set(max(due_at, shop.clock.now()))
    await resolver(shop).cases.advance(case.id)
    return await shop.read(lambda c: case_of(c, case.id))


async def tasks(shop: Any, case: Any) -> dict[str, str]:
    return {str(each.kind): str(each.state) for each in await shop.read(lambda c: tasks_like(c, case_id=case.id))}


async def test_what_is_left_after_a_close_is_seen_to_and_then_it_settles(shop: Any) -> None:
    case = await opened(shop, "out_of_stock")
    await turn(shop, case)
    after = await turn(shop, case)
    assert (after.state, after.stage, after.outcome) == ("running", "after", "ended")
    after = await turn(shop, case)
    assert (after.state, after.outcome, after.due_at) == ("settled", "ended", None)
    assert await tasks(shop, case) == {"verify_stock": "open", "send_message": "open"}
    done = [line.details["done"] for line in await shop.read(lambda c: history_of(c, case.id)) if line.what == "after"]
    assert len(done) == len(set(done)), "each thing is seen to once"
    assert len(shop.platform.performed) == 1


async def test_a_shop_that_cannot_end_it_honestly_ships_it(shop: Any) -> None:
    """A price error has no honest reason on Shopee: the order is shipped, by a person (SHP-17)."""
    case = await opened(shop, "price_error")
    after = await turn(shop, case)
    assert (after.path, after.step, after.waits_for) == ("fulfil", "ship", "person")
    assert await tasks(shop, case) == {"ship": "open"}
    (ship,) = await shop.read(lambda c: tasks_like(c, case_id=case.id, kind=TaskKind.ship))
    assert ship.details["reason"] == "price_error"
    assert (await turn(shop, case)).step == "ship"
    assert (await shop.read(lambda c: history_of(c, case.id)))[-1].what == "turn", "the same task, not opened anew"
    now = shop.clock.now()
    await shop.database.write(lambda c: finish_task(c, ship.id, by="ben", now=now, because="handed over"))
    after = await turn(shop, case)
    assert (after.waits_for, after.due_at) == ("platform", now + timedelta(minutes=30))
    order = shop.platform.orders["o1"]
    shop.platform.orders["o1"] = order.model_copy(
        update={
            "updated_at": order.updated_at + timedelta(minutes=1),
            "fulfillment": FulfillmentState.shipped,
            "shipped_at": now,
        }
    )
    await shop.pull().named(["o1"])
    await turn(shop, case)
    after = await turn(shop, case)
    assert (after.state, after.outcome) == ("settled", "fulfilled")
    assert shop.platform.performed == []


async def test_tasks_of_an_order_that_others_ended_are_taken_back(shop: Any) -> None:
    case = await opened(shop, "price_error")
    await turn(shop, case)
    later = shop.platform.orders["o1"].updated_at + timedelta(minutes=1)
    shop.platform.put("o1", later, closure=Closure.cancelled, ended_by=EndedBy.buyer)
    await shop.pull().named(["o1"])
    await turn(shop, case)
    after = await turn(shop, case)
    assert (after.state, after.outcome) == ("settled", "ended_elsewhere")
    assert (await tasks(shop, case))["ship"] == "cancelled"
