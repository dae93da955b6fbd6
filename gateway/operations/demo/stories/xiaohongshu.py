"""Stories of Xiaohongshu, where no API closes orders or writes to buyers: people do it when the gateway asks."""

from __future__ import annotations

from datetime import timedelta

from gateway.cases.case import WaitsFor
from gateway.cases.tasks import TaskKind
from gateway.errors import GatewayError
from gateway.model.attested import FactName
from gateway.model.order import Phase
from gateway.operations.books import show_quota
from gateway.operations.demo.day import PERSON
from gateway.operations.demo.stories.scene import Scene
from gateway.operations.demo.stories.story import Story
from gateway.operations.facts import set_fact
from gateway.policy.terms import EvidenceKind, Interception, Reason, Reply

_HOUR = timedelta(hours=1)
_PROOF = (EvidenceKind.chat, EvidenceKind.problem)  # the order's own facts the gateway puts on file itself
_SECOND_SHOP = 1
_FREE_CLOSES = 3


async def _three_messages(scene: Scene) -> None:
    """The shelf is empty and the buyer silent: three messages in 24 hours, an hour more, then the console's close."""
    await _in_the_new_month(scene)
    paid = scene.now() - 5 * _HOUR
    await scene.placed(placed_at=paid - _HOUR, paid_at=paid, ship_by=paid + 45 * _HOUR)
    await scene.opened(Reason.out_of_stock)
    for purpose in ("offer_cancel", "second_notice", "final_notice"):
        await scene.lives(lambda shown: shown.case.waits_for is WaitsFor.person, f"{purpose} is due")
        await scene.did(TaskKind.send_message, purpose)
        await scene.sees(lambda shown: shown.case.waits_for is not WaitsFor.person, f"{purpose} is on record")
    await scene.lives(lambda shown: shown.case.step == "collect_evidence", "the announced hour has passed")
    await scene.files(*_PROOF)
    await scene.agreed()
    await _closed_in_the_console(scene)


async def _invited(scene: Scene) -> None:
    """The shelf is empty an hour after the payment: the buyer is asked to cancel, does, and is let go."""
    paid = scene.now() - _HOUR
    await scene.placed(placed_at=paid - _HOUR, paid_at=paid, ship_by=paid + 45 * _HOUR)
    await scene.opened(Reason.out_of_stock)
    await scene.did(TaskKind.send_message, "offer_cancel")
    await scene.sees(lambda shown: shown.case.waits_for is WaitsFor.buyer, "the buyer is waited for")
    await scene.passes(timedelta(minutes=40))
    await scene.happens("buyer_requests_cancellation")
    await scene.settled()


async def _first_awaited(scene: Scene) -> None:
    """Three closes are used. A buyer asks in the chat only: the close waits for the 1st and its fresh quota."""
    for _ in range(_FREE_CLOSES):
        await scene.placed()
        await scene.happens("merchant_closes")
        await scene.known(lambda stored: stored.phase is Phase.cancelled, "a close in the console is known")
    [quota] = await show_quota(scene.play.gateway, store=scene.store.id)
    if quota.left:
        raise GatewayError(f"The demo used {_FREE_CLOSES} closes of {scene.store.id}, and {quota.left} are left.")
    paid = scene.now() - 5 * _HOUR
    await scene.placed(placed_at=paid - _HOUR, paid_at=paid, ship_by=paid + timedelta(days=9))
    await scene.replied(Reply.asks_to_cancel)
    await scene.opened(Reason.buyer_asked)
    await scene.files(*_PROOF, EvidenceKind.order_detail)
    await scene.lives(lambda shown: shown.case.path == "wait", "the 1st is awaited")
    shown = await scene.look()
    if shown.case.due_at is None or not (timedelta() <= shown.case.due_at - quota.begins_anew <= timedelta(minutes=2)):
        raise GatewayError(f"The case looks again at {shown.case.due_at}, not at {quota.begins_anew}.")
    await scene.until(shown.case.due_at)
    await scene.agreed()
    await _closed_in_the_console(scene)


async def _intercepted(scene: Scene) -> None:
    """The buyer asks to cancel when the parcel is gone: the courier stops it, and it is closed once it is back."""
    await _in_the_new_month(scene)
    paid = scene.now() - 20 * _HOUR
    await scene.placed(placed_at=paid - _HOUR, paid_at=paid, phase="in_transit")
    await scene.costs(outbound_shipping_cost="6.00", return_shipping_cost="6.00")
    await scene.replied(Reply.asks_to_cancel)
    await scene.opened(Reason.buyer_asked)
    await scene.did(TaskKind.intercept_parcel, interception=Interception.requested)
    await scene.sees(lambda shown: shown.case.waits_for is WaitsFor.platform, "the courier is waited for")
    await scene.passes(20 * _HOUR)
    await scene.happens("carrier_returns")
    told = (FactName.interception, Interception.confirmed.value)
    await scene.play.tell(set_fact, *told, store=scene.store.id, order=scene.order_id, by=PERSON)
    await scene.sees(lambda shown: shown.case.step == "collect_evidence", "the parcel was stopped")
    await scene.files(*_PROOF)
    await scene.agreed()
    await _closed_in_the_console(scene)


async def _gift(scene: Scene) -> None:
    """Sold for 9.90 by a slip: shipping it with a gift costs less than anything else, and it is shipped."""
    paid = scene.now() - 5 * _HOUR
    line = {"sku": "DEMO-GIFT", "title": "Tea", "quantity": 1, "price": "9.90"}
    await scene.placed(placed_at=paid - _HOUR, paid_at=paid, ship_by=paid + 45 * _HOUR, lines=[line])
    await scene.costs(goods_cost="15.00", outbound_shipping_cost="2.00")
    await scene.opened(Reason.price_error)
    await scene.asked_for(TaskKind.ship)
    await scene.passes(2 * _HOUR)
    await scene.happens("seller_ships")
    await scene.settled()


async def _in_the_new_month(scene: Scene) -> None:
    """Let the month end: what the shop closed in it before the stories began must not decide them."""
    [quota] = await show_quota(scene.play.gateway, store=scene.store.id)
    await scene.until(quota.begins_anew + 9 * _HOUR)


async def _closed_in_the_console(scene: Scene) -> None:
    """A person closes in the console what the gateway asks to close; then the rest is seen to."""
    await scene.asked_for(TaskKind.close)
    await scene.passes(timedelta(minutes=10))
    await scene.happens("merchant_closes")
    await scene.known(lambda stored: stored.phase in {Phase.cancelled, Phase.closed}, "the close is known")
    await scene.settled()


STORIES = (
    Story("Xiaohongshu: three messages, then a close in the console", "xiaohongshu", _three_messages),
    Story("Xiaohongshu: the buyer is invited to cancel, and does", "xiaohongshu", _invited),
    Story("Xiaohongshu: the month's closes are used, the 1st is awaited", "xiaohongshu", _first_awaited, _SECOND_SHOP),
    Story("Xiaohongshu: a parcel is intercepted", "xiaohongshu", _intercepted),
    Story("Xiaohongshu: a price error is shipped with a gift", "xiaohongshu", _gift),
)
