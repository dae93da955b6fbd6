"""The words of READINGS.md ("Terms", items 1 and 3) over one scenario: shipped, open request, bounds, truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.model.order import Phase
from gateway.policy.terms import Reason, Reply, RequestKind, ReturnState
from gateway.policy.valuation import Prices, prices

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.policy.rule_set import Rules, RuleSet
    from gateway.policy.scenario import OrderFacts, Scenario

NOT_SHIPPED = frozenset({Phase.on_hold, Phase.awaiting_shipment, Phase.awaiting_collection})
SHIPPED = frozenset({Phase.in_transit, Phase.delivered, Phase.completed})


@dataclass(frozen=True, slots=True)
class Situation:
    """A scenario with the rules of its instant and the store's prices."""

    scenario: Scenario
    rules: Rules
    prices: Prices

    @classmethod
    def of(cls, scenario: Scenario, rule_set: RuleSet) -> Situation:
        """Look up what was in force at `as_of` and known by `known_by`."""
        store = scenario.store
        view = rule_set.at(scenario.as_of, scenario.known_by, store.zone)
        return cls(scenario, view, prices(store.currency, store.valuation))

    @property
    def order(self) -> OrderFacts:
        """The order's facts."""
        return self.scenario.order

    @property
    def as_of(self) -> datetime:
        """The instant of the decision, in the store's time zone."""
        return self.local(self.scenario.as_of)

    @property
    def reason(self) -> Reason:
        """The true reason."""
        return self.scenario.intent.reason

    @property
    def currency(self) -> str:
        """The currency of every cost."""
        return self.scenario.store.currency

    @property
    def not_shipped(self) -> bool:
        """Paid, and the goods have not left."""
        return self.order.phase in NOT_SHIPPED

    @property
    def orders_asked(self) -> int:
        """How many orders one close or shipment stands for (item 10: a hold is answered one by one)."""
        return 1 if self.order.phase is Phase.on_hold else self.scenario.intent.batch_size

    @property
    def open_kind(self) -> RequestKind | None:
        """What the open request asks for; a return under way decides before the request's own word (item 3).

        None without a request, and on an unpaid order, where a request is ignored.
        """
        order = self.order
        if order.phase is Phase.unpaid or (order.request is None and order.phase is Phase.completed):
            return None
        if order.return_state is not ReturnState.none:
            return RequestKind.return_refund
        return order.request.kind if order.request else None

    @property
    def has_ended(self) -> bool:
        """Nothing is left to decide: cancelled, closed, or completed without a request."""
        phase = self.order.phase
        return phase in {Phase.cancelled, Phase.closed} or (phase is Phase.completed and self.open_kind is None)

    @property
    def states_false_reason(self) -> bool:
        """Whether the facts contradict the reason given (item 1)."""
        reply = self.scenario.contact.reply
        if self.reason is Reason.out_of_stock:
            return self.order.stock_available
        if self.reason is Reason.buyer_asked:
            return reply is not Reply.asks_to_cancel
        return self.reason is Reason.buyer_unreachable and reply is not Reply.none

    @property
    def soft_bound(self) -> datetime | None:
        """The instant by which the goods should leave; none once they have."""
        return self.order.ship_by if self.not_shipped else None

    def act_by(self, answer_by: datetime | None) -> datetime | None:
        """Return the earliest bound not yet passed, else the latest passed, else None (Terms, "Bounds")."""
        bounds = [each for each in (answer_by, self.order.auto_cancel_at, self.soft_bound) if each is not None]
        ahead = [each for each in bounds if each >= self.scenario.as_of]
        if ahead:
            return self.local(min(ahead))
        return self.local(max(bounds)) if bounds else None

    def local(self, instant: datetime) -> datetime:
        """Return the instant with the offset of the store's time zone."""
        return instant.astimezone(self.scenario.store.zone)
