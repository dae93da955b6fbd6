"""The sweep is as large as promised, draws what it says, and would notice a wrong decision."""

import pytest

from tests.policy.second.evaluate import evaluate
from tests.policy.sweep.check import cheapest, differences, judged, well_formed
from tests.policy.sweep.space import every, placed, total
from tests.policy.sweep.whole import DRAWN, PARTS, WHOLE, drawn


def test_a_million_scenarios_of_which_fifty_thousand_are_drawn():
    assert WHOLE >= 1_000_000
    assert DRAWN == 50_000
    assert sum(drawn(part) for part in PARTS) >= DRAWN


@pytest.mark.parametrize("part", PARTS)
def test_the_shards_are_the_whole(part):
    space = min(PARTS[part], key=lambda space: space.size)
    ids = [scenario["id"] for shard in range(7) for scenario in every([space], shard, 7)]
    assert len(ids) == len(set(ids)) == space.size


@pytest.mark.parametrize("part", PARTS)
def test_each_index_is_another_combination(part):
    space = min(PARTS[part], key=lambda space: space.size)
    combinations = {repr(space.facts(index)) for index in range(space.size)}
    assert len(combinations) == space.size


@pytest.mark.parametrize("part", PARTS)
def test_the_index_over_all_spaces_reaches_the_last_scenario(part):
    spaces = PARTS[part]
    assert placed(spaces, 0) == (spaces[0], 0)
    assert placed(spaces, total(spaces) - 1) == (spaces[-1], spaces[-1].size - 1)
    with pytest.raises(IndexError):
        placed(spaces, total(spaces))


@pytest.fixture
def decided(rules):
    """Return a scenario with an allowed path, and its decision."""
    closing = PARTS["xiaohongshu_closing"][0]
    scenario = closing.scenario(closing.size - 5)  # force majeure, in stock: to invite, to ship, or neither
    decision = judged(scenario, rules)
    assert decision["options"][1]["allowed"]
    return scenario, decision


SPOILED = {
    "a dearer path": lambda d: d.update(path=d["options"][1]["path"], cost=d["options"][1]["cost"]),
    "a forbidden path": lambda d: d.update(path="refund"),
    "another action": lambda d: d.update(action="refund"),
    "another performer": lambda d: d.update(performed_by="buyer"),
    "an approval too many": lambda d: d["approval"].append("goods_lost"),
    "another bound": lambda d: d.update(act_by="2026-01-01T00:00:00+00:00"),
    "a path left out": lambda d: d["options"].pop(),
    "no citation": lambda d: d["options"][-1].update(because=[]),
    "a forbidden path with a cost": lambda d: d["options"][-1].update(cost=d["cost"]),
    "nothing refused": lambda d: d.update(refused=[]),
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_spoiled_decision_is_noticed(decided, spoil):
    scenario, decision = decided
    expected = evaluate(scenario)

    def wrong():
        return [*well_formed(decision), *cheapest(decision), *differences(decision, expected)]

    assert wrong() == []
    SPOILED[spoil](decision)
    assert wrong() != []
