"""The books and the policy together: a store on Xiaohongshu and one on Shopee, from the decision to what is booked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.cases.commands import Command, Deed
from gateway.cases.counts import counts_of
from gateway.cases.effects import EffectState
from gateway.errors import Conflict, NeedsApproval, NotAllowed, NotSent, OutcomeUnknown
from gateway.ledger import points, quota
from gateway.ledger.booking import SpentMeanwhile, hold, plan_of
from gateway.ledger.forecast import line_forecasts, month_bounds, quota_forecast
from gateway.ledger.points import PointsEntry, PointsKind
from gateway.ledger.quota import CloseEntry, CloseState
from gateway.model.after_sale import AfterSale, OpenedBy, RequestKind, RequestState
from gateway.model.order import Buyer, Closure, EndedBy, FulfillmentState, Recipient
from gateway.policy.decide import decide
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import Scenario
from gateway.policy.terms import Action, Reason
from gateway.ports import Manifest, Offered, Operation
from tests.kit.paper import PaperPlatform

RULES = load_rules()
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CNY: dict[str, Any] = {"region": "CN", "currency": "CNY"}


class Ships(PaperPlatform):
    """A paper platform with a call to ship."""

    @property
    def manifest(self) -> Manifest:
        plain = super().manifest
        more = {**plain.capabilities, Operation.ship: Offered.api}
        object.__setattr__(plain, "capabilities", more)
        return plain


def ready(used: int = 0, score: int = 100) -> Any:
    """A close on Xiaohongshu that only waits for a person: free window, everything on file, 500 orders."""
    scenario = Scenario.model_validate(
        {
            "as_of": "2026-03-10T20:00:00+08:00",
            "store": {
                "platform": "xiaohongshu",
                "region": "CN",
                "currency": "CNY",
                "health": {"closes_this_month": used, "credit_score": score, "orders_in_window": 500},
            },
            "order": {
                "phase": "awaiting_shipment",
                "paid_at": "2026-03-10T19:00:00+08:00",
                "paid": {"amount": "50.00", "currency": "CNY"},
            },
            "intent": {"reason": "system_error"},
            "contact": {"messages": [{"at": "2026-03-10T19:10:00+08:00", "language": "zh", "purpose": "explain"}]},
            "evidence": ["chat", "problem", "order_detail"],
        }
    )
    return scenario, decide(scenario, RULES)


async def hold_for(shop: Any, order: str, used: int = 0, score: int = 100) -> None:
    scenario, decision = ready(used, score)
    assert decision.action is Action.close
    await shop.database.write(
        lambda c: hold(
            c,
            shop.store,
            holder=f"intent of {order}",
            order_id=order,
            decision=decision,
            scenario=scenario,
            by="anna",
            rules=RULES,
            now=NOON,
        )
    )


def test_what_a_close_spends_is_read_from_its_decision() -> None:
    plan = plan_of(ready()[1])
    assert plan is not None
    assert (plan.units, plan.points) == (1, 0)
    plan = plan_of(ready(used=3)[1])
    assert plan is not None
    assert (plan.units, plan.points) == (0, 2)


async def test_two_decisions_on_the_last_unit(shop: Any) -> None:
    """Both were decided while one unit was left."""
    for order in ("1", "2"):
        await hold_for(shop, order, used=int(order) - 1)
    outcomes = await asyncio.gather(hold_for(shop, "3", used=2), hold_for(shop, "4", used=2), return_exceptions=True)
    assert [type(each) for each in outcomes] == [type(None), SpentMeanwhile]
    forecast = await shop.read(lambda c: quota_forecast(c, shop.store, RULES, NOON))
    assert (forecast.spent, forecast.reserved, forecast.left, forecast.points_after) == (0, 3, 0, 2)
    counts = await shop.read(lambda c: counts_of(c, shop.store, RULES, NOON))
    assert counts.closes_this_month == 3
    own = await shop.read(lambda c: counts_of(c, shop.store, RULES, NOON, order_id="3"))
    assert own.closes_this_month == 2, "what is held for the order itself is not in its way"


async def test_two_decisions_on_the_last_points(shop: Any) -> None:
    """A score of 62 bears one close beyond the free ones, not two (XHS-16)."""
    read = PointsEntry(
        store="s1", kind=PointsKind.read, points=62, order_id=None, rule=None, by="anna", at=NOON, because=""
    )
    await shop.database.write(lambda c: points.add(c, read, "xiaohongshu"))
    for order in ("1", "2", "3"):
        await hold_for(shop, order, used=int(order) - 1, score=62)
    await hold_for(shop, "4", used=3, score=62)
    with pytest.raises(Conflict, match="Decide again"):
        await hold_for(shop, "5", used=3, score=62)
    counts = await shop.read(lambda c: counts_of(c, shop.store, RULES, NOON))
    assert counts.credit_score == 60


def ended(**fields: Any) -> dict[str, Any]:
    return {
        **CNY,
        "raw_status": "9",
        "fulfillment": FulfillmentState.not_due,
        "closure": Closure.cancelled,
        "ended_by": EndedBy.unknown,
        **fields,
    }


async def entry(shop: Any, order: str) -> CloseEntry | None:
    found: CloseEntry | None = await shop.read(lambda c: quota.entry_of(c, "s1", order))
    return found


async def expected(shop: Any) -> int:
    found: int = (await shop.read(lambda c: points.standing_of(c, "s1", "xiaohongshu"))).expected
    return found


async def test_a_close_that_a_case_prepared_spends_what_was_held(shop: Any) -> None:
    await hold_for(shop, "1")
    shop.platform.put("1", NOON, **ended(ended_at=NOON))
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert (found.state, found.units, found.reason, found.contacted) == (CloseState.spent, 1, "system_error", True)
    assert await expected(shop) == 0


async def test_a_close_that_nobody_prepared_costs_a_unit_and_points(shop: Any) -> None:
    shop.platform.put("1", NOON, **ended(ended_at=NOON))
    await shop.pull().named(["1"])
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert (found.state, found.units, found.holder) == (CloseState.spent, 1, None)
    assert await expected(shop) == 2  # XHS-30
    counts = await shop.read(lambda c: counts_of(c, shop.store, RULES, NOON))
    assert (counts.counted_cancellations_in_window, counts.closes_this_month, counts.credit_score) == (1, 1, 98)


async def test_closes_of_before_the_store_was_connected_cost_no_points_any_more(shop: Any) -> None:
    before = NOON - timedelta(days=5)
    shop.platform.put("1", before, **ended(ended_at=before))
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert (found.state, found.month) == (CloseState.spent, "2026-03")
    assert await expected(shop) == 0


async def test_a_request_of_the_buyer_that_comes_to_light_takes_the_booking_back(shop: Any) -> None:
    shop.platform.put("1", NOON, **ended(ended_at=NOON))
    await shop.pull().named(["1"])
    assert await expected(shop) == 2
    request = AfterSale(
        store="s1",
        order_id="1",
        request_id="r1",
        kind=RequestKind.cancellation,
        state=RequestState.done,
        opened_at=NOON,
        updated_at=NOON,
        currency="CNY",
    )
    shop.platform.put("1", NOON + timedelta(seconds=1), **ended(ended_at=NOON, requests=(request,)))
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert found.state is CloseState.withdrawn
    assert await expected(shop) == 0
    assert (await shop.read(lambda c: quota_forecast(c, shop.store, RULES, NOON))).left == 3


async def test_the_sellers_own_refund_beside_a_close_leaves_the_booking(shop: Any) -> None:
    shop.platform.put("1", NOON, **ended(ended_at=NOON))
    await shop.pull().named(["1"])
    assert await expected(shop) == 2
    request = AfterSale(
        store="s1",
        order_id="1",
        request_id="r1",
        kind=RequestKind.cancellation,
        state=RequestState.done,
        opened_at=NOON,
        updated_at=NOON,
        currency="CNY",
        opened_by=OpenedBy.seller,
    )
    shop.platform.put("1", NOON + timedelta(seconds=1), **ended(ended_at=NOON, requests=(request,)))
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert (found.state, found.units) == (CloseState.spent, 1)
    assert await expected(shop) == 2
    assert (await shop.read(lambda c: quota_forecast(c, shop.store, RULES, NOON))).left == 2


@pytest.mark.parametrize(
    "facts",
    [
        {"ended_by": EndedBy.buyer},
        {"ended_by": EndedBy.platform},
        {"payment": "unpaid"},
        {"fulfillment": FulfillmentState.shipped},  # who knows what became of the parcel
    ],
)
async def test_what_is_not_known_to_be_the_sellers_is_not_booked(shop: Any, facts: dict[str, Any]) -> None:
    shop.platform.put("1", NOON, **ended(**facts))
    await shop.pull().named(["1"])
    assert await entry(shop, "1") is None


async def test_an_order_that_ends_in_another_way_gives_its_unit_back(shop: Any) -> None:
    await hold_for(shop, "1")
    shop.platform.put("1", NOON, **ended(ended_by=EndedBy.buyer))
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert found.state is CloseState.released


@pytest.mark.parametrize(
    ("at", "month"),
    [("2026-03-31T15:59:59+00:00", "2026-03"), ("2026-03-31T16:00:00+00:00", "2026-04")],
)
async def test_a_close_belongs_to_the_month_of_its_end_in_shanghai(shop: Any, at: str, month: str) -> None:
    instant = datetime.fromisoformat(at)
    shop.clock.set(instant + timedelta(hours=1))
    shop.platform.put("1", instant, **ended(ended_at=instant))
    await shop.pull().named(["1"])
    found = await entry(shop, "1")
    assert found is not None
    assert found.month == month


@pytest.mark.parametrize(
    ("zone", "now", "first", "following"),
    [
        ("Asia/Shanghai", "2026-03-31T16:00:00+00:00", "2026-04-01T00:00:00+08:00", "2026-05-01T00:00:00+08:00"),
        ("America/New_York", "2026-03-10T00:00:00+00:00", "2026-03-01T00:00:00-05:00", "2026-04-01T00:00:00-04:00"),
        ("Asia/Tokyo", "2026-12-31T23:00:00+09:00", "2026-12-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00"),
    ],
)
def test_the_bounds_of_a_month(zone: str, now: str, first: str, following: str) -> None:
    bounds = month_bounds(datetime.fromisoformat(now), ZoneInfo(zone))
    assert bounds == (datetime.fromisoformat(first), datetime.fromisoformat(following))


async def test_a_suspicious_order_is_held_and_never_closed(shop: Any) -> None:
    shop.platform = Ships()
    nowhere = Recipient(phone="138", state="Nowhere", city="Notown", full_address="Lane 7")
    facts = {**CNY, "paid_at": NOON, "recipient": nowhere, "buyer": Buyer(buyer_id="b1")}
    shop.platform.put("o1", NOON, **facts)
    await shop.pull().named(["o1"])
    ship = Command(Deed.ship, "o1", parameters={"way": "dropoff"})
    with pytest.raises(
        NeedsApproval, match=r"held as suspicious: its phone has a wrong number.*XHS-03.*XHS-92"
    ) as told:
        await shop.resolver().commands.order("s1", ship, by="anna")
    assert "suspicious_order" in told.value.reasons
    assert shop.platform.performed == []
    result = await shop.resolver().commands.order("s1", ship, by="anna", approved=True)
    assert result.effect is not None
    assert [act.operation for act in shop.platform.performed] == ["ship"]


# What an effect holds, on a platform whose closes are calls


@pytest.fixture
def shopee(desk: Any) -> Any:
    """Nineteen of hundred orders were ended by the seller, so that one more close costs two points (SHP-06)."""
    for n in range(100):
        facts = {"closure": Closure.cancelled, "ended_by": EndedBy.seller} if n < 19 else {}
        desk.platform.put(f"other{n}", NOON - timedelta(hours=1), **facts)
    for order in ("o1", "o2"):
        desk.platform.put(order, NOON - timedelta(hours=2), paid_at=NOON - timedelta(hours=2))
    return desk


async def close(desk: Any, order: str = "o1") -> Any:
    return await desk.resolver().resolve("s1", order, Reason.out_of_stock, by="anna", approved=True)


async def known(desk: Any) -> tuple[int, int]:
    counts = await desk.read(lambda c: counts_of(c, desk.store, RULES, desk.clock.now()))
    planned = await desk.read(lambda c: quota.planned_points(c, "s1"))
    return counts.penalty_points, planned


async def test_points_are_held_with_the_effect_and_expected_once_it_is_confirmed(shopee: Any) -> None:
    await shopee.pull().changes()
    during = []

    async def look(act: Any) -> None:
        during.append(await known(shopee))

    shopee.platform.on_perform = look
    assert (await close(shopee)).effect.state is EffectState.confirmed
    assert during == [(2, 2)]
    assert await known(shopee) == (2, 0)
    await close(shopee, "o2")
    assert await known(shopee) == (2, 0), "standing above the line is punished once"


async def test_an_unknown_outcome_keeps_what_it_holds_and_a_refusal_gives_it_back(shopee: Any) -> None:
    await shopee.pull().changes()

    async def hang_up(act: Any) -> None:
        raise OutcomeUnknown("the connection broke")

    shopee.platform.on_perform = hang_up
    result = await close(shopee)
    assert result.effect.state is EffectState.unknown
    assert await known(shopee) == (2, 2)

    async def refuse(act: Any) -> None:
        raise NotAllowed("not now")

    shopee.platform.on_perform = refuse
    assert (await close(shopee, "o2")).effect.state is EffectState.refused
    assert await known(shopee) == (2, 2), "the unknown one goes on being held"


async def test_what_never_left_stays_held(shopee: Any) -> None:
    await shopee.pull().changes()

    async def unplugged(act: Any) -> None:
        raise NotSent("no connection")

    shopee.platform.on_perform = unplugged
    assert (await close(shopee)).effect.state is EffectState.committed
    assert (await known(shopee))[1] == 2


async def test_lines_now_after_one_more_and_at_the_months_end(shopee: Any) -> None:
    await shopee.pull().changes()
    lines = await shopee.read(lambda c: line_forecasts(c, shopee.store, RULES, NOON))
    rate, stop = lines
    assert (rate.line, rate.at, rate.now, rate.after) == ("rate", "10 %", "18.63", "19.61")
    assert rate.crossed == ("now", "after", "month_end")
    assert (stop.line, stop.at, stop.now, stop.after, stop.crossed) == (
        "penalty_points",
        "no close from 6",
        "0",
        "2",
        (),
    )
