"""The words of READINGS.md ("Terms", items 1 and 3) over one scenario: shipped, open request, bounds, truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import NoRuleKnown
from gateway.model.order import Phase, SaleType
from gateway.model.store import Platform
from gateway.policy.facts import HORIZON_DAYS
from gateway.policy.facts_xiaohongshu import XHS_SHIP_HOURS
from gateway.policy.terms import Reason, Reply, RequestKind, ReturnState
from gateway.policy.valuation import Prices, prices
from gateway.policy.verdict import Charge

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from gateway.policy.fact import Fact
    from gateway.policy.notation import Exact
    from gateway.policy.rule_set import Rules, RuleSet
    from gateway.policy.scenario import OrderFacts, Scenario
    from gateway.policy.terms import CostKind

NOT_SHIPPED = frozenset({Phase.on_hold, Phase.awaiting_shipment, Phase.awaiting_collection})
SHIPPED = frozenset({Phase.in_transit, Phase.delivered, Phase.completed})
_ONE_BY_ONE = frozenset({Phase.unpaid, Phase.on_hold})  # as is every order with an open request (item 10)


class Situation(NamedTuple):
    """A scenario with the rules of its instant, the store's prices, and the words that every path asks for."""

    scenario: Scenario
    rules: Rules
    prices: Prices
    order: OrderFacts
    reason: Reason  # the true one
    zone: tzinfo
    as_of: datetime  # the instant of the decision, in the store's time zone
    open_kind: RequestKind | None  # what the open request asks for
    orders_asked: int  # how many orders one close or shipment stands for

    @classmethod
    def of(cls, scenario: Scenario, rule_set: RuleSet) -> Situation:
        """Look up what was in force at `as_of` and known by `known_by`."""
        scenario = _as_the_platform_means(scenario)
        store, order, zone = scenario.store, scenario.order, scenario.store.zone
        asked, as_of = _asked_by_buyer(order), scenario.as_of.astimezone(zone)
        return cls(
            scenario=scenario,
            rules=rule_set.at(as_of, scenario.known_by, zone),
            prices=prices(store.currency, store.valuation),
            order=order,
            reason=scenario.intent.reason,
            zone=zone,
            as_of=as_of,
            open_kind=asked,
            orders_asked=1 if asked or order.phase in _ONE_BY_ONE else scenario.intent.batch_size,
        )

    @property
    def currency(self) -> str:
        """The currency of every cost."""
        return self.scenario.store.currency

    @property
    def not_shipped(self) -> bool:
        """Paid, and the goods have not left."""
        return self.order.phase in NOT_SHIPPED

    @property
    def has_ended(self) -> bool:
        """Nothing is left to decide: cancelled, closed, or completed without a request."""
        phase = self.order.phase
        return phase in {Phase.cancelled, Phase.closed} or (phase is Phase.completed and self.open_kind is None)

    @property
    def states_false_reason(self) -> bool:
        """Whether the facts contradict the reason given (item 1; never on an unpaid 1688 order)."""
        reply = self.scenario.contact.reply
        if self.order.phase is Phase.unpaid and self.platform is Platform.alibaba_1688:
            return False
        if self.reason is Reason.out_of_stock:
            return self.order.stock_available
        if self.reason is Reason.buyer_asked:
            return reply is not Reply.asks_to_cancel
        return self.reason is Reason.buyer_unreachable and reply is not Reply.none

    @property
    def platform(self) -> Platform:
        """Whose rules hold."""
        return self.scenario.store.platform

    @property
    def is_batch(self) -> bool:
        """Several orders are asked for at once: only a close or a shipment can answer (item 10)."""
        return self.orders_asked > 1

    def charge(self, kind: CostKind, quantity: Exact, rule: str | None = None) -> Charge:
        """Return so many of a kind at the store's own price."""
        return Charge(kind, quantity, self.prices.by_kind[kind], rule)

    @property
    def soft_bound(self) -> datetime | None:
        """The instant by which the goods should leave; none once they have (Terms, "Bounds"; XHS-83)."""
        order = self.order
        if not self.not_shipped or order.ship_by is not None:
            return order.ship_by if self.not_shipped else None
        if self.platform is not Platform.xiaohongshu or order.sale_type is not SaleType.in_stock or not order.paid_at:
            return None
        try:
            return order.paid_at + timedelta(hours=self.rules.value(XHS_SHIP_HOURS))
        except NoRuleKnown:
            return None

    def is_late(self, instant: datetime) -> bool:
        """Tell whether acting then is after the soft bound; one that has passed already bounds nothing."""
        bound = self.soft_bound
        return bound is not None and self.scenario.as_of <= bound < instant

    def horizon(self, answer_by: datetime | None, instant: datetime) -> datetime:
        """Return how far a plan made at ``instant`` may reach: the next hard bound, else a week. Raises NoRuleKnown."""
        hard = [each for each in (answer_by, self.order.auto_cancel_at) if each is not None and each >= instant]
        return min(hard) if hard else instant + timedelta(days=self.rules.value(HORIZON_DAYS))

    def deadline(self, hours: Fact[int]) -> datetime | None:
        """Return by when the open request must be answered: the platform's own word, else so long after it was opened.

        None without a request, and where no rule is known.
        """
        request = self.order.request
        if self.open_kind is None or request is None:
            return None
        if request.answer_by is not None:
            return request.answer_by
        try:
            return request.opened_at + timedelta(hours=self.rules.value(hours))
        except NoRuleKnown:
            return None

    def act_by(self, answer_by: datetime | None) -> datetime | None:
        """Return the earliest bound not yet passed, else the latest passed, else None (Terms, "Bounds")."""
        bounds = [each for each in (answer_by, self.order.auto_cancel_at, self.soft_bound) if each is not None]
        ahead = [each for each in bounds if each >= self.scenario.as_of]
        if ahead:
            return self.local(min(ahead))
        return self.local(max(bounds)) if bounds else None

    def local(self, instant: datetime) -> datetime:
        """Return the instant with the offset of the store's time zone."""
        return instant.astimezone(self.zone)


def _asked_by_buyer(order: OrderFacts) -> RequestKind | None:
    """Return what the open request asks for; a return under way decides before the request's own word (item 3).

    None without a request, and on an unpaid order, where a request is ignored.
    """
    if order.phase is Phase.unpaid or (order.request is None and order.phase is Phase.completed):
        return None
    if order.return_state is not ReturnState.none:
        return RequestKind.return_refund
    return order.request.kind if order.request else None


def _as_the_platform_means(scenario: Scenario) -> Scenario:
    """Xiaohongshu knows no parcel that waits for collection: what is said to wait is under way (Edge rulings)."""
    order = scenario.order
    if scenario.store.platform is not Platform.xiaohongshu or order.phase is not Phase.awaiting_collection:
        return scenario
    return scenario.model_copy(update={"order": order.model_copy(update={"phase": Phase.in_transit})})
