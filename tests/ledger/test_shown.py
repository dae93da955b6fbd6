"""What people see: held orders in `today` and `orders show`, books and appeals; and what a person's task holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.config import Configuration
from gateway.errors import Conflict, DataError, NeedsApproval
from gateway.ledger import quota
from gateway.ledger.booking import hand_over
from gateway.ledger.points import PointsKind
from gateway.ledger.quota import CloseState
from gateway.model.order import FulfillmentState, Recipient, SaleType
from gateway.operations import books
from gateway.operations.orders import show_order
from gateway.operations.today import today
from gateway.orders.suspects import Sign
from gateway.policy.decide import decide
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import Scenario
from gateway.sync.connections import Connections

RULES = load_rules()
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WRONG = Recipient(phone="138", state="Nowhere", city="Notown", full_address="Lane 7")


@pytest.fixture
def context(shop: Any) -> Any:
    """As much of a running gateway as looking needs."""
    return SimpleNamespace(
        database=shop.database,
        vault=shop.vault,
        clock=shop.clock,
        rules=RULES,
        configuration=Configuration(),
        connections=Connections(shop.database, shop.vault, lambda _: shop.platform, lambda *_: None),  # type: ignore[arg-type]  # nothing is opened
    )


async def put(shop: Any, **facts: Any) -> None:
    plain = {"region": "CN", "currency": "CNY", "paid_at": NOON, "recipient": WRONG}
    shop.platform.put("o1", NOON, **(plain | facts))
    await shop.pull().named(["o1"])


@pytest.mark.parametrize(
    ("facts", "by"),
    [
        ({}, NOON + timedelta(hours=48)),  # XHS-83
        ({"ship_by": NOON + timedelta(days=9)}, NOON + timedelta(days=9)),
        ({"sale_type": SaleType.presale}, None),
    ],
)
async def test_a_held_order_shows_why_and_by_when(shop: Any, context: Any, facts: Any, by: datetime | None) -> None:
    await put(shop, **facts)
    (due,) = (await today(context)).due
    assert (due.kind, due.order_id, due.by) == ("ship", "o1", by)
    assert due.words.startswith("held, its phone has a wrong number of digits (XHS-03): ask the buyer")
    assert "gateway ship o1 --yes" in due.words
    assert [each.sign for each in (await show_order(context, "o1")).signs] == [Sign.phone_digits]


async def test_an_order_without_signs_is_not_held(shop: Any, context: Any) -> None:
    await put(shop, recipient=WRONG.model_copy(update={"phone": "13800000000"}))
    (due,) = (await today(context)).due
    assert due.words == "gateway ship o1"
    assert (await show_order(context, "o1")).signs == []


async def test_nothing_is_held_once_it_has_left(shop: Any, context: Any) -> None:
    await put(shop)
    left = {"fulfillment": FulfillmentState.shipped, "shipped_at": NOON + timedelta(seconds=1)}
    shop.platform.put("o1", NOON + timedelta(seconds=1), region="CN", currency="CNY", recipient=WRONG, **left)
    await shop.pull().named(["o1"])
    assert (await show_order(context, "o1")).signs == []
    assert (await today(context)).due == []


def closing(reason: str) -> Any:
    scenario = Scenario.model_validate(
        {
            "as_of": "2026-03-10T20:00:00+08:00",
            "store": {
                "platform": "xiaohongshu",
                "region": "CN",
                "currency": "CNY",
                "health": {"orders_in_window": 500},
            },
            "order": {"phase": "awaiting_shipment", "paid_at": "2026-03-10T19:00:00+08:00"},
            "intent": {"reason": reason},
            "contact": {"messages": [{"at": "2026-03-10T19:10:00+08:00", "language": "zh", "purpose": "explain"}]},
            "evidence": ["chat", "problem", "order_detail"],
        }
    )
    return {"scenario": scenario, "decision": decide(scenario, RULES)}


async def test_a_persons_task_holds_a_unit_until_it_is_decided_anew_or_given_up(shop: Any, context: Any) -> None:
    await put(shop)
    told: Any = {"order_id": "o1", "by": "anna", "rules": RULES, "now": NOON}

    async def task(intent: str, reason: str) -> CloseState | None:
        await shop.database.write(lambda c: hand_over(c, shop.store, intent=intent, **told, **closing(reason)))
        found = await shop.read(lambda c: quota.entry_of(c, "s1", "o1"))
        return None if found is None else found.state

    assert await task("i1", "changed_mind") is None
    assert await task("i2", "system_error") is CloseState.reserved
    assert await task("i3", "changed_mind") is CloseState.released
    assert await task("i4", "system_error") is CloseState.reserved
    (month,) = await books.show_quota(context)
    assert (month.month, month.limit, month.spent, month.reserved, month.left) == ("2026-03", 3, 0, 1, 2)
    assert month.begins_anew == datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    (kept,) = await books.list_closes(context)
    assert (kept.order_id, kept.reason, kept.contacted, kept.holder) == ("o1", "system_error", True, "i4")
    assert (await books.release_close(context, "o1", by="anna")).state is CloseState.released
    with pytest.raises(Conflict, match="Nothing is held"):
        await books.release_close(context, "o1", by="anna")


async def test_points_and_appeals_by_hand(shop: Any, context: Any) -> None:
    await put(shop)
    never = await books.show_health(context)
    assert never.points_read == {"s1": None}
    with pytest.raises(DataError, match="name it with --order"):
        await books.add_points(context, PointsKind.taken, 2, by="anna")
    with pytest.raises(DataError, match="not booked by hand"):
        await books.add_points(context, PointsKind.returned, 2, by="anna")
    await books.add_points(context, PointsKind.read, 81, by="anna")
    standing = await books.add_points(context, PointsKind.taken, 2, order="o1", by="anna")
    assert (standing.known, standing.projected) == (79, 79)
    health = await books.show_health(context)
    crossed = {line.at: line.crossed for line in health.lines if line.line == "credit_score"}
    assert crossed == {
        "no campaigns below 80": ("now", "after", "month_end"),
        "shown less below 70": (),
        "shop closed below 60": (),
    }
    with pytest.raises(NeedsApproval):
        await books.open_appeal(context, "o1", 2, by="anna")
    opened = await books.open_appeal(context, "o1", 2, approved=True, by="anna")
    assert opened.decided_by == datetime.fromisoformat("2026-03-18T00:00:00+08:00")
    won = await books.settle_appeal(context, opened.appeal.id, won=True, by="anna")
    assert won.decided_by is None
    assert [each.appeal.state for each in await books.list_appeals(context)] == ["won"]
    lines = (await books.show_health(context)).lines
    assert {line.now for line in lines if line.line == "credit_score"} == {"81"}
