"""The text of a message to a buyer, made of the order's own facts: what a decision asks for next, or an end to tell.

Always a template in the buyer's language, filled with facts and held against the platform's rules. Nothing is sent
here. Where no text may be written, or none is there, the error says so, and a person writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from gateway.config import ContactSettings
from gateway.errors import NotAllowed
from gateway.model.order import Order
from gateway.policy.decision import Decision, Step
from gateway.policy.facts_xiaohongshu import XHS_ANNOUNCED_HOURS
from gateway.policy.message_guard_templates import Writing, facts_of, templates_of, write
from gateway.policy.notation import decimal_places, decimal_text
from gateway.policy.rule_set import RuleSet
from gateway.policy.scenario import Scenario, StoreFacts
from gateway.policy.terms import Action, CostKind
from gateway.policy.valuation import prices
from gateway.ports import Act, Operation

PLAIN = ContactSettings()
"""A store that tells neither a phone nor a coupon of its own."""

_LONGEST_NAME = 40
_SKEW = timedelta(minutes=1)  # the platform's clock may be a little behind ours
# how goods are called that have no name or one that may not be written, and goods of which only the first is named
_GOODS = {
    "zh": ("商品", "{first}等{count}种商品"),
    "zh-Hant": ("商品", "{first}等{count}種商品"),
    "ja": ("商品", "{first}ほか{more}点"),
    "en": ("your goods", "{first} and {more} more"),
    "es": ("su compra", "{first} y {more} más"),
    "fil": ("inorder ninyo", "{first} at {more} pa"),
    "id": ("barang pesanan Kakak", "{first} dan {more} lainnya"),
    "ms": ("barang anda", "{first} dan {more} lagi"),
    "pt": ("sua compra", "{first} e mais {more}"),
    "th": ("สินค้า", "{first} และอีก {more} รายการ"),
    "vi": ("hàng bạn đặt", "{first} và {more} món khác"),
}
_COUPONS = {
    "zh": ("{amount}元优惠券", "{amount} {currency}优惠券"),
    "ja": ("{amount}元分のクーポン", "{amount} {currency}のクーポン"),
}
_DAYS = {"zh": "{at.month}月{at.day}日", "zh-Hant": "{at.month}月{at.day}日", "ja": "{at.month}月{at.day}日"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that may be sent. ``language`` is the buyer's; ``announced_close_at`` is what a final notice tells."""

    purpose: Writing
    language: str
    text: str = field(repr=False)
    announced_close_at: datetime | None = None


def next_message(decision: Decision) -> Step | None:
    """Return the first message in a decision's plan, None when it holds none. It is due at the step's ``at``."""
    return next((step for step in decision.steps if step.action is Action.send_message), None)


def draft(
    order: Order,
    scenario: Scenario,
    purpose: Writing,
    *,
    rules: RuleSet,
    settings: ContactSettings = PLAIN,
    at: datetime | None = None,
) -> Draft:
    """Return the text of a message of ``purpose`` that goes out at ``at`` (None: the scenario's instant).

    The reason it tells is the scenario's true one, the language that of the buyer. A final notice announces the close
    as READINGS' forecast has it, one hour after the message, at the full minute that the text names.
    Raises NoRuleKnown when there is no such text in the language or for the reason, NotAllowed when a rule of the
    platform forbids it, DataError when a fact it needs is not known.
    """
    platform, language = scenario.store.platform, scenario.order.buyer_language
    written_in = templates_of(language).language
    at = at or scenario.as_of
    closes_at = _closes_at(scenario, rules, at) if purpose is Writing.final_notice else None
    wanted = facts_of(platform, purpose, language)
    known = _facts(order, scenario, settings, written_in, closes_at)
    facts = {name: known[name] for name in wanted if known.get(name)}

    def written(goods: str) -> str:
        told = facts | ({"goods": goods} if "goods" in wanted else {})
        return write(platform, purpose, language, told, reason=scenario.intent.reason)

    generic, _ = _GOODS.get(written_in, _GOODS["en"])
    try:
        text = written(_goods(order, written_in) or generic)
    except NotAllowed:  # a name of goods may hold words that the rules forbid; the order's number tells which they are
        text = written(generic)
    return Draft(purpose, language, text, closes_at)


def message_act(order: Order, drafted: Draft, now: datetime) -> Act:
    """Return the act that sends a draft through the platform's chat.

    ``since`` tells the probe after which second our words must stand there, as the same words may stand there before.
    """
    parameters = {
        "text": drafted.text,
        "purpose": drafted.purpose.value,
        "language": drafted.language,
        "since": str(int((now - _SKEW).timestamp())),
    }
    if drafted.announced_close_at is not None:
        parameters["announced_close_at"] = drafted.announced_close_at.isoformat(timespec="seconds")
    return Act(
        operation=Operation.send_message,
        order_id=order.order_id,
        key=f"{order.store}:{order.order_id}:{Operation.send_message}:{drafted.purpose}:{int(now.timestamp())}",
        parameters=parameters,
    )


def _closes_at(scenario: Scenario, rules: RuleSet, at: datetime) -> datetime:
    view = rules.at(scenario.as_of, scenario.known_by, scenario.store.zone)
    announced = at + timedelta(hours=view.value(XHS_ANNOUNCED_HOURS))
    minute = announced.replace(second=0, microsecond=0)
    return minute if minute == announced else minute + timedelta(minutes=1)


def _facts(
    order: Order, scenario: Scenario, settings: ContactSettings, language: str, closes_at: datetime | None
) -> dict[str, str]:
    zone = scenario.store.zone
    facts = {"order": order.order_id, "phone": settings.phone}
    facts["coupon"] = settings.coupon or _coupon(scenario.store, language)
    if closes_at is not None:
        local = closes_at.astimezone(zone)
        between = "" if language in _DAYS else " "
        facts["closes_at"] = f"{_day(local, language)}{between}{local:%H:%M}"
    if scenario.order.ship_by is not None:
        facts["ships_on"] = _day(scenario.order.ship_by.astimezone(zone), language)
    return facts


def _day(at: datetime, language: str) -> str:
    return _DAYS.get(language, "{at:%Y-%m-%d}").format(at=at)


def _goods(order: Order, language: str) -> str:
    """Return what was ordered in a few words, empty when nothing has a name."""
    names = list(dict.fromkeys(" ".join(line.title.split()) for line in order.lines if line.title.strip()))
    if not names:
        return ""
    first = names[0] if len(names[0]) <= _LONGEST_NAME else f"{names[0][: _LONGEST_NAME - 1]}…"
    count = len(order.lines)
    if count == 1:
        return first
    _, several = _GOODS.get(language, _GOODS["en"])
    return several.format(first=first, count=count, more=count - 1)


def _coupon(store: StoreFacts, language: str) -> str:
    """Return how the coupon is called by its value, empty for a store to which it is worth nothing."""
    minor = Fraction(prices(store.currency, store.valuation).by_kind[CostKind.coupon])
    if minor == 0:
        return ""
    places = decimal_places(store.currency)
    amount = decimal_text(Decimal(round(minor)).scaleb(-places))
    plain, foreign = _COUPONS.get(language, ("a coupon worth {amount} CNY", "a coupon worth {amount} {currency}"))
    return (plain if store.currency == "CNY" else foreign).format(amount=amount, currency=store.currency)
