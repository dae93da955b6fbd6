"""Stories that end by calls of a platform's API."""

from __future__ import annotations

from gateway.cases.effects import EffectState
from gateway.errors import GatewayError
from gateway.operations.demo.day import fault
from gateway.operations.demo.stories.playing import Story
from gateway.operations.demo.stories.scene import Scene
from gateway.policy.terms import Reason
from gateway.ports import Operation


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


STORIES = (
    Story("Shopee: a buyer's request is accepted", "shopee", _shopee_accept),
    Story("Shopee: the answer to a cancellation is lost", "shopee", _lost_answer),
)
