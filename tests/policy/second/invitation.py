"""Xiaohongshu's invited cancellation (XHS-59..62): the offer, its wait and its expected cost."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import closing, costs, paths
from tests.policy.second.facts import HOUR

NEVER_FOR = ("unwilling", "malicious_order", "system_error", "buyer_unreachable", "buyer_asked")


def options(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.n > 1 or f.reply == "refuses" or f.reason in NEVER_FOR or f.false_reason:
        return []
    offered = next((m.at for m in f.messages if m.purpose == "offer_cancel"), None)
    end = wait_end(f, f.as_of if offered is None else offered)
    if not f.as_of < end <= f.horizon:
        return []
    action, by, at, purpose = next_step(f, offered is not None, end)
    return [
        paths.option(f, "buyer_cancel", action, by, not_before=at, purpose=purpose, cost=expected_cost(f, end), end=end)
    ]


def wait_end(f: SimpleNamespace, offered: int) -> int:
    window = closing.window_end(f)
    if window is not None and offered <= window and window - offered >= HOUR // 2:
        return window - HOUR // 4
    return f.contact.complete


def next_step(f: SimpleNamespace, offered: bool, end: int) -> tuple[str, str, int, str | None]:
    if not offered:
        return "send_message", "person", f.as_of, "offer_cancel"
    if f.contact.following is None:
        return "wait", "buyer", end, None
    what, due = f.contact.following
    if due <= f.as_of:
        return "send_message", "person", f.as_of, what
    return "wait", "buyer", min(due, end), None


def expected_cost(f: SimpleNamespace, end: int) -> costs.Cost:
    return costs.plus(
        costs.item(f, "person_task"),
        costs.item(f, "coupon", costs.chance(f, "p_buyer_accepts")),
        costs.times(branch(f, end, "none"), costs.chance(f, "p_silent")),
        costs.times(branch(f, end, "refuses"), costs.chance(f, "p_refuses")),
    )


def branch(f: SimpleNamespace, end: int, reply: str) -> costs.Cost:
    """Return the least cost of what is allowed at the end of the wait, the contact procedure being complete."""
    found = []
    judged = closing.terms(f, end, reply)
    own = closing.own_cost(f, end) if judged is not None else None
    if own is not None:
        found.append(own)
    later = closing.on_the_first(f, end, reply, end, done=True)
    if later is not None:
        found.append(costs.without(later.cost, "person_task"))
    if paths.may_fulfil(f, reply):
        found.append(paths.fulfil_cost(f, end))
    nothing = costs.item(f, "fallback_none")
    least = min(found, key=costs.exact, default=nothing)
    return least if costs.exact(least) <= costs.exact(nothing) else nothing
