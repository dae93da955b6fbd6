"""Stories that end by calls of a platform's API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from gateway.cases.effects import EffectState
from gateway.cases.tasks import TaskKind
from gateway.errors import GatewayError
from gateway.model.store import Role
from gateway.operations.cases import ShownCase, list_cases
from gateway.operations.contact import show_contact
from gateway.operations.demo.day import PERSON, fault
from gateway.operations.demo.stories.scene import Scene
from gateway.operations.demo.stories.story import Story
from gateway.operations.purchases import discover_purchases
from gateway.policy.terms import Reason, ReturnState
from gateway.ports import Operation

_DAY = timedelta(days=1)


async def _shopee_accept(scene: Scene) -> None:
    """A buyer asks to cancel; the gateway accepts."""
    await scene.placed(phase="awaiting_shipment")
    await scene.happens("buyer_requests_cancellation", reason="CHANGE_OF_MIND")
    await scene.known(lambda stored: bool(stored.order.requests), "the buyer's request is known")
    await scene.opened(Reason.changed_mind)
    await scene.settled()


async def _lost_answer(scene: Scene) -> None:
    """The shelf is empty; the platform's answer is lost. The gateway looks there, and does not cancel twice."""
    await scene.placed(phase="awaiting_shipment")
    await scene.door.do("/faults", [fault("timeout_after", 1, operation="*order/cancel_order")])
    await scene.opened(Reason.out_of_stock)
    await scene.settled()
    closes = [each for each in (await scene.look()).effects if each.act.operation is Operation.seller_close]
    if [each.state for each in closes] != [EffectState.confirmed] or "probe" not in closes[0].because:
        raise GatewayError(f"The lost answer was not found by a probe: {[each.because for each in closes]}")


async def _told_in_japanese(scene: Scene) -> None:
    """The shelf is empty in Japan: the gateway closes with the true reason and tells the buyer in Japanese."""
    await scene.placed(phase="awaiting_shipment", placed_at=scene.now() - _DAY, paid_at=scene.now() - _DAY)
    await scene.opened(Reason.out_of_stock)
    await scene.settled()
    contact = await show_contact(scene.play.gateway, scene.order_id, store=scene.store.id)
    if [each.language.partition("-")[0] for each in contact.messages] != ["ja"]:
        raise GatewayError(f"The buyer was told in {[each.language for each in contact.messages]}, not once in ja.")


async def _sent_back(scene: Scene) -> None:
    """A buyer sends goods back: the gateway agrees, a person looks at what came, the gateway pays."""
    await scene.placed(phase="delivered")
    await scene.costs(goods_cost="1200", outbound_shipping_cost="400", return_shipping_cost="400")
    await scene.happens("buyer_requests_return")
    await scene.known(lambda stored: bool(stored.order.requests), "the buyer's request is known")
    await scene.opened(Reason.quality_problem)
    await scene.sees(lambda shown: _done(shown, Operation.approve_return), "the return is agreed to")
    await scene.passes(_DAY)
    await scene.happens("buyer_ships_return", tracking_number="DEMO0000000001")
    await scene.passes(_DAY)
    await scene.happens("warehouse_receives_return")
    await scene.did(TaskKind.return_received, returned=ReturnState.received)
    await scene.sees(lambda shown: _done(shown, Operation.refund_return), "the money is paid back")
    await scene.settled()


def _done(shown: ShownCase, operation: Operation) -> bool:
    return any(each.act.operation is operation and each.state is EffectState.confirmed for each in shown.effects)


async def _purchases(scene: Scene) -> None:
    """A buyer cancels; what was bought for the order on 1688 ends as well, each purchase in its own way."""
    goods = [{"sku": f"DEMO-{name}", "title": name, "quantity": 1, "price": "30.00"} for name in ("Cup", "Pot")]
    await scene.placed(phase="awaiting_shipment", lines=goods)
    bought = [await _bought(scene, *each) for each in zip(goods, ("unpaid", "awaiting_shipment"), strict=True)]
    await scene.play.tell(discover_purchases, by=PERSON)
    await scene.happens("buyer_requests_cancellation")
    await scene.known(lambda stored: bool(stored.order.requests), "the buyer's request is known")
    await scene.opened(Reason.changed_mind)
    await scene.settled()
    for purchase in bought:
        opened = await list_cases(scene.play.gateway, order=purchase.order_id, settled=True)
        purchase.cases += [each.case.id for each in opened]
        if len(opened) != 1:
            raise GatewayError(f"The end of sale {scene.order_id} opened {len(opened)} cases of {purchase.order_id}.")
        scene.cases += purchase.cases
    unpaid, paid = bought
    await unpaid.settled()
    await paid.sees(lambda shown: shown.case.step == "wait", "the supplier is waited for")
    await paid.happens("supplier_agrees")
    await paid.settled()


async def _bought(scene: Scene, line: Mapping[str, object], phase: str) -> Scene:
    """Buy a line of a sale on 1688, under the sale's number."""
    purchase = Scene(scene.play, scene.play.store("alibaba_1688", role=Role.buyer))
    wish = {"role": "buyer", "phase": phase, "out_order_id": scene.order_id, "lines": [{**line, "price": "12.00"}]}
    await purchase.placed(**wish)
    return purchase


STORIES = (
    Story("Shopee: a buyer's request is accepted", "shopee", _shopee_accept),
    Story("Shopee: the answer to a cancellation is lost", "shopee", _lost_answer, 1),
    Story("TikTok Shop: closed, and the buyer told in Japanese", "tiktok_shop", _told_in_japanese),
    Story("TikTok Shop: goods come back, then the money goes", "tiktok_shop", _sent_back, 1),
    Story("Xiaohongshu and 1688: a sale ends with its purchases", "xiaohongshu", _purchases),
)
