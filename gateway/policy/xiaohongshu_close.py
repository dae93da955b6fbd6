"""Xiaohongshu: on what grounds a seller may close, from when on, and for how much (READINGS.md, "Xiaohongshu")."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from gateway.model.order import SaleType
from gateway.policy.facts_xiaohongshu import (
    XHS_BATCH_REASONS,
    XHS_BATCH_REASONS_IN_WINDOW,
    XHS_CLOSE_PHASES,
    XHS_CONSENT_REASONS,
    XHS_CONSENT_UNUSUAL,
    XHS_HIGH_RISK,
    XHS_INTERCEPT_FIRST,
    XHS_REQUEST_COMES_FIRST,
    XHS_SILENCE_APPROVED,
    XHS_SILENCE_REASONS,
    XHS_TRUE_REASON_ONLY,
    XHS_WINDOW_IN_STOCK,
    XHS_WINDOW_PRESALE,
    XHS_WISH_REASONS,
)
from gateway.policy.terms import APPROVALS, Approval, Interception, Path, Reply
from gateway.policy.verdict import Forbidden
from gateway.policy.xiaohongshu_price import by_silence, price_of_close

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.policy.fact import Window
    from gateway.policy.rule_set import Known
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Charge
    from gateway.policy.xiaohongshu_contact import Procedure

CONSENTS = frozenset({Reply.consents, Reply.asks_to_cancel})


class Ground(StrEnum):
    """What a close rests on."""

    free_window = "free_window"
    consent = "consent"
    silence = "silence"


class Basis(NamedTuple):
    """A ground with the rules it stands on and the approvals it asks for."""

    ground: Ground
    cites: tuple[str, ...]
    approval: tuple[Approval, ...] = ()


class Outlook(NamedTuple):
    """An instant at which a close is judged, and what is then taken as known of the buyer.

    ``silent_at``: when silence may stand for consent. ``settled``: no refusal can come in between any more.
    """

    at: datetime
    reply: Reply
    silent_at: datetime
    settled: bool

    @classmethod
    def now(cls, situation: Situation, procedure: Procedure) -> Outlook:
        """Take the buyer's answer as it stands, and the contact procedure as it is forecast."""
        return cls(
            at=situation.scenario.as_of,
            reply=situation.scenario.contact.reply,
            silent_at=procedure.complete_at,
            settled=procedure.is_complete,
        )


class Close(NamedTuple):
    """A lawful close: its ground, the first instant the rules allow it, its exact expected cost."""

    ground: Ground
    earliest: datetime
    charges: tuple[Charge, ...]  # their quantities count so many out of ``out_of``
    because: tuple[str, ...]
    approval: tuple[Approval, ...]
    out_of: int = 1


def close_at(situation: Situation, outlook: Outlook) -> Close | Forbidden:
    """Judge a close at the outlook's instant. What the seller can do at once does not stand against it.

    Raises NoRuleKnown.
    """
    obstacle = _obstacle(situation)
    if obstacle is not None:
        return obstacle
    basis = _basis(situation, outlook)
    if isinstance(basis, Forbidden):
        return basis
    by_silence_only = basis.ground is Ground.silence
    earliest = max(outlook.at, outlook.silent_at) if by_silence_only else outlook.at
    price = price_of_close(situation, earliest)
    if isinstance(price, Forbidden):
        return price
    charges, out_of = price.charges, 1
    if by_silence_only and not outlook.settled:
        charges, out_of = by_silence(situation, charges)
    risk = situation.rules.know(XHS_HIGH_RISK)
    given = {*basis.approval, *price.approval, *([Approval.high_risk_close] if risk.value else [])}
    return Close(
        ground=basis.ground,
        earliest=earliest,
        charges=charges,
        out_of=out_of,
        because=(*basis.cites, *risk.cites, *price.because),
        approval=tuple(each for each in APPROVALS if each in given),
    )


def free_window_end(situation: Situation) -> datetime | None:
    """Return when the free window ends (XHS-54, 56); None without a payment instant. Raises NoRuleKnown."""
    paid_at = situation.order.paid_at
    return None if paid_at is None else paid_at + _window(situation).value.length


def _window(situation: Situation) -> Known[Window]:
    presale = situation.order.sale_type is SaleType.presale
    return situation.rules.know(XHS_WINDOW_PRESALE if presale else XHS_WINDOW_IN_STOCK)


def _no(cites: tuple[str, ...], why: str) -> Forbidden:
    return Forbidden(path=Path.seller_close, because=cites, why=why)


def _obstacle(situation: Situation) -> Forbidden | None:
    """Return why nobody may close, whatever the buyer says; None when nothing stands against it."""
    rules, order = situation.rules, situation.order
    if situation.open_kind is not None:
        first = rules.know(XHS_REQUEST_COMES_FIRST)
        if first.value:
            return _no(first.cites, "The buyer's open request must be answered first.")
    phases, intercepted = rules.know(XHS_CLOSE_PHASES), rules.know(XHS_INTERCEPT_FIRST)
    if order.phase not in phases.value | intercepted.value:
        return _no(phases.cites, "In this phase an order cannot be closed by the seller.")
    if order.phase in intercepted.value and order.interception is Interception.failed:
        return _no(intercepted.cites, "The parcel could not be stopped, so the order cannot be closed any more.")
    truth = rules.know(XHS_TRUE_REASON_ONLY)
    if truth.value and situation.states_false_reason:
        return _no(truth.cites, "The reason given contradicts what is known about the order, so it must not be used.")
    return None


def _basis(situation: Situation, outlook: Outlook) -> Basis | Forbidden:
    """Return what the close rests on: the free window, else the buyer's consent, else the buyer's silence."""
    window = _window(situation)
    if _is_in_window(situation, window.value, outlook.at):
        found: Basis | None = Basis(Ground.free_window, window.cites)
    elif outlook.reply in CONSENTS:
        found = _by_consent(situation)
    else:
        found = _by_silence(situation) if outlook.reply is Reply.none else None
    if found is not None:
        return _unless_batch(situation, found)
    wish = situation.rules.know(XHS_WISH_REASONS)
    if situation.reason in wish.value:
        return _no(wish.cites, "After the free window a wish of the seller closes no order.")
    why = "After the free window the buyer must agree, or the reason must be one that silence is enough for."
    return _no(situation.rules.know(XHS_CONSENT_REASONS).cites, why)


def _by_consent(situation: Situation) -> Basis | None:
    usual, unusual = situation.rules.know(XHS_CONSENT_REASONS), situation.rules.know(XHS_CONSENT_UNUSUAL)
    if situation.reason in usual.value:
        return Basis(Ground.consent, usual.cites)
    if situation.reason in unusual.value:
        return Basis(Ground.consent, unusual.cites, (Approval.unusual_reason,))
    return None


def _by_silence(situation: Situation) -> Basis | None:
    enough, approved = situation.rules.know(XHS_SILENCE_REASONS), situation.rules.know(XHS_SILENCE_APPROVED)
    if situation.reason in enough.value:
        return Basis(Ground.silence, enough.cites)
    if situation.reason in approved.value:
        return Basis(Ground.silence, approved.cites, (Approval.silence_instead_of_consent,))
    return None


def _is_in_window(situation: Situation, window: Window, at: datetime) -> bool:
    order = situation.order
    is_here = order.phase in situation.rules.value(XHS_CLOSE_PHASES)
    return is_here and order.paid_at is not None and window.covers(order.paid_at, at)


def _unless_batch(situation: Situation, basis: Basis) -> Basis | Forbidden:
    """Several orders are closed together for a fault of the platform or a campaign mistake only (XHS-41, 42, 44)."""
    if not situation.is_batch:
        return basis
    ever, in_window = situation.rules.know(XHS_BATCH_REASONS), situation.rules.know(XHS_BATCH_REASONS_IN_WINDOW)
    lawful = ever.value | (in_window.value if basis.ground is Ground.free_window else frozenset())
    if situation.reason not in lawful:
        return _no(ever.cites, "Orders are closed together only for a fault of the platform or a campaign mistake.")
    return Basis(basis.ground, (*basis.cites, *ever.cites), basis.approval)
