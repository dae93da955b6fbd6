"""The second evaluator: a scenario as a plain dict in, the decision as a plain dict out.

Written from READINGS.md, SCENARIO.md, VALUATION.md and the rule lists alone; it knows nothing of the engine.
It leaves out what the pages do not fix: citations, explanations and the later, forecast steps.
"""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import alibaba, costs, paths, shopee, tiktok, xiaohongshu
from tests.policy.second.facts import read, rules_in_force, written

TABLES = {
    "xiaohongshu": xiaohongshu.options,
    "shopee": shopee.options,
    "tiktok_shop": tiktok.options,
    "alibaba_1688": alibaba.options,
}


def evaluate(scenario: dict) -> dict:
    """Return the decision as far as the pages fix it."""
    f = read(scenario)
    in_force = rules_in_force(f) and (f.platform != "tiktok_shop" or f.region == "JP")
    ended = f.phase in ("cancelled", "closed") or (f.phase == "completed" and f.request is None)
    found = []
    if in_force and not ended and f.phase != "unknown":
        found = TABLES[f.platform](f)
    found.sort(key=lambda o: (costs.total(f, o.cost), ending(o), paths.PATHS.index(o.path)))
    return {
        "id": f.id,
        **chosen(f, found, ended),
        "options": [written_option(f, o) for o in found] + not_allowed(found),
        "refused": refused(f, found) if in_force else [],
        "act_by": written(f, f.act_by) if in_force else None,
    }


def ending(o: SimpleNamespace) -> int:
    return paths.NEVER if o.end is None else o.end


def chosen(f: SimpleNamespace, found: list[SimpleNamespace], ended: bool) -> dict:
    if not found:
        return {
            "path": "none",
            "action": "none" if ended else "ask_person",
            "performed_by": None if ended else "person",
            "not_before": None,
            "native_reason": None,
            "purpose": None,
            "approval": [],
            "cost": costs.written_cost(f, {}),
        }
    best = found[0]
    return {
        "path": best.path,
        "action": best.action,
        "performed_by": best.by,
        "not_before": written(f, best.not_before),
        "native_reason": best.native,
        "purpose": best.purpose,
        "approval": best.approval,
        "cost": costs.written_cost(f, best.cost),
    }


def written_option(f: SimpleNamespace, o: SimpleNamespace) -> dict:
    return {
        "path": o.path,
        "allowed": True,
        "ready": o.ready,
        "earliest": written(f, o.earliest),
        "missing": o.missing,
        "cost": costs.written_cost(f, o.cost),
    }


def not_allowed(found: list[SimpleNamespace]) -> list[dict]:
    taken = {o.path for o in found}
    return [
        {"path": path, "allowed": False, "ready": False, "earliest": None, "missing": [], "cost": None}
        for path in paths.PATHS
        if path not in taken
    ]


def refused(f: SimpleNamespace, found: list[SimpleNamespace]) -> list[str]:
    acts = []
    if f.seller and f.not_shipped:
        acts += ["let_it_lapse", "refuse_to_ship"]
        if f.platform != "xiaohongshu":
            acts.append("ask_buyer_to_cancel")
    if f.false_reason:
        acts.append("false_reason")
    if f.request is not None and found and found[0].path == "return_refund" and f.returning != "received":
        acts.append("refund_before_return")
    return sorted(acts)
