"""A platform whose rules nobody has written is read like any other, and every question about it goes to a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.cases.facts import StoreCounts, question_of
from gateway.model.store import Platform, Role
from gateway.policy.decide import answer_by, decide, rejection
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Action, Performer, Reason
from tests.kit.paper import NOON


@pytest.mark.parametrize("role", [Role.seller, Role.buyer])
async def test_a_person_is_asked_on_a_platform_without_rules(desk, role) -> None:
    desk.platform.put("O1", NOON - timedelta(minutes=2))
    store = desk.store.model_copy(update={"platform": "somewhere_else", "role": role})
    await desk.pull().changes()
    resolver = desk.resolver()
    found = await resolver.ask(desk.store.id, "O1", Reason.out_of_stock)
    question = question_of(found.order, store, Reason.out_of_stock, StoreCounts(0, 0, 0), (), {}, NOON)
    rules = load_rules()
    decision = decide(question.scenario, rules)
    assert (decision.action, decision.performed_by) == (Action.ask_person, Performer.person)
    assert not any(option.allowed for option in decision.options)
    assert answer_by(question.scenario, rules) is None
    assert rejection(question.scenario, rules) is None


@pytest.mark.parametrize("platform", ["shopee", "tiktok_shop", "xiaohongshu", "alibaba_1688"])
def test_a_platform_with_rules_goes_by_its_own(platform) -> None:
    assert Platform.of(platform).value == platform


@pytest.mark.parametrize("platform", ["lazada", "", "Shopee", "other"])
def test_any_other_goes_by_none(platform) -> None:
    assert Platform.of(platform) is Platform.other
