"""Xiaohongshu's table of READINGS.md: which paths are open, and the next step on each."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import closing, costs, invitation, paths
from tests.policy.second.contact import procedure
from tests.policy.second.facts import HOUR, next_first


def options(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.phase == "unpaid":
        return [paths.platform_wait(f)]
    if f.request is not None:
        return requested(f)
    if f.phase == "on_hold":
        return [paths.platform_wait(f)]
    if f.phase not in ("awaiting_shipment", "in_transit"):
        return []
    f.contact = procedure(f)
    found = close(f) + wait_for_first(f)
    if f.phase == "awaiting_shipment":
        found += (consented(f) or invitation.options(f)) + paths.fulfil(f, f.as_of)
    return found


def requested(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.not_shipped:
        return [paths.accept_unshipped(f)]
    if f.phase != "in_transit" or f.request.kind != "refund" or f.interception == "failed":
        return paths.shipped_request(f)
    cost = costs.both_ways(f)
    if f.interception == "confirmed":
        return [paths.option(f, "refund", "accept_request", "gateway", cost=cost)]
    if f.interception == "none":
        return [
            paths.option(f, "refund", "intercept_parcel", "person", cost=cost, ready=False, missing=["interception"])
        ]
    return [
        paths.option(f, "refund", "wait", "gateway", cost=cost, ready=False, missing=["interception"], not_before=None)
    ]


def consented(f: SimpleNamespace) -> list[SimpleNamespace]:
    if not f.consent or f.n > 1 or f.reason == "unwilling":
        return []
    if f.false_reason and f.reply != "asks_to_cancel":
        return []
    until = f.as_of if f.replied_at is None else f.replied_at + 24 * HOUR
    if f.as_of > until:
        return []
    return [
        paths.option(
            f, "buyer_cancel", "wait", "buyer", ready=False, missing=["buyer_request"], earliest=None,
            not_before=until, end=until,
        )
    ]  # fmt: skip


def missing_for_close(f: SimpleNamespace, terms: SimpleNamespace) -> list[str]:
    missing = []
    if f.n > 1 and f.ticket is None:
        missing.append("support_ticket")
    if f.phase == "in_transit" and f.interception != "confirmed":
        missing.append("interception")
    if terms.by_silence and not f.contact.done:
        missing.append("contact")
    elif not f.messages and f.reply == "none":
        missing.append("message")
    return missing + [f"evidence:{kind}" for kind in closing.EVIDENCE if kind not in f.evidence]


def close(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.phase == "in_transit" and f.interception == "failed":
        return []
    terms = closing.terms(f, f.as_of, f.reply)
    if terms is None:
        return []
    earliest = f.as_of
    if terms.by_silence:
        earliest = max(f.as_of, f.contact.complete)
        if earliest > f.horizon:
            return []
    cost = closing.own_cost(f, earliest)
    if cost is None:
        return []
    cost = costs.plus(cost, costs.item(f, "person_task"))
    if terms.by_silence and not f.contact.done:
        cost = closing.weighted(f, cost)
    missing = missing_for_close(f, terms)
    action, by, at, purpose = next_step(f, missing, earliest)
    return [
        paths.option(
            f,
            "seller_close",
            action,
            by,
            ready=not missing,
            missing=missing,
            earliest=earliest,
            cost=cost,
            approval=closing.approvals(f, terms),
            not_before=at,
            purpose=purpose,
            end=earliest,
        )
    ]


def next_step(f: SimpleNamespace, missing: list[str], earliest: int) -> tuple[str, str, int | None, str | None]:
    """Return action, who, not before and the message's purpose of a close's first step."""
    now = f.as_of
    if "support_ticket" in missing:
        return "contact_support", "person", now, None
    if "interception" in missing:
        return (
            ("intercept_parcel", "person", now, None) if f.interception == "none" else ("wait", "platform", None, None)
        )
    what, due = (f.contact.following or (None, earliest)) if "contact" in missing else (None, earliest)
    if "message" in missing or (what is not None and due <= now):
        return "send_message", "person", now, "explain" if what in (None, "first") else what
    if any(m.startswith("evidence:") for m in missing):
        return "collect_evidence", "person", now, None
    return ("wait", "buyer", due, None) if "contact" in missing else ("close", "person", now, None)


def wait_for_first(f: SimpleNamespace) -> list[SimpleNamespace]:
    """Return the wait for the 1st of the month, when a unit comes back and a close is allowed and ready."""
    if f.n > 1:
        return []
    judged = closing.on_the_first(f, f.as_of, f.reply, f.contact.complete, f.contact.done)
    if judged is None:
        return []
    at = next_first(f, f.as_of)
    action, by, until, purpose = "wait", "gateway", at, None
    if judged.by_silence and f.contact.following is not None:
        what, due = f.contact.following
        if due <= f.as_of:
            action, by, until = "send_message", "person", f.as_of
            purpose = "explain" if what == "first" else what
        else:
            until = min(due, at)
    elif not f.messages and f.reply == "none":
        action, by, until, purpose = "send_message", "person", f.as_of, "explain"
    return [
        paths.option(
            f,
            "wait",
            action,
            by,
            cost=judged.cost,
            approval=judged.approval,
            not_before=until,
            purpose=purpose,
            end=at,
        )
    ]
