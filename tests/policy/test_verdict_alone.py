"""`verdict` chooses what `decide` chooses, among the same allowed paths, in the same order."""

from __future__ import annotations

from gateway.policy.decide import decide, verdict
from gateway.policy.terms import Action, Path
from tests.policy.test_cases import CASES, RULES


def test_the_verdict_alone_is_that_of_the_decision():
    for case in CASES:
        whole, alone = decide(case.scenario, RULES), verdict(case.scenario, RULES)
        assert alone.path is whole.path, case.name
        assert alone.allowed == tuple(each.path for each in whole.options if each.allowed), case.name


def test_where_nothing_is_allowed_no_path_is_chosen():
    nothing = [case for case in CASES if decide(case.scenario, RULES).action in {Action.ask_person, Action.none}]
    unlawful = [case for case in nothing if decide(case.scenario, RULES).path is Path.none]
    assert unlawful
    assert {verdict(case.scenario, RULES) for case in unlawful} == {(Path.none, ())}
