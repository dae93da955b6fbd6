"""The rule set of the product, and how a part of the sweep is run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

import pytest

from gateway.policy.rule_set import RuleSet, load_rules
from tests.policy.sweep.check import check
from tests.policy.sweep.space import Space, placed, total

SHOWN = 5
THOROUGH_EVERY = 64


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    return load_rules()


@pytest.fixture
def sweep(rules: RuleSet) -> Callable[[Iterable[dict]], None]:
    """Return a function that checks scenarios and fails with the first of those that are wrong."""

    def run(scenarios: Iterable[dict]) -> None:
        failures, seen = [], 0
        for scenario in scenarios:
            wrong = check(scenario, rules, thorough=seen % THOROUGH_EVERY == 0)
            seen += 1
            if wrong:
                failures.append(f"{scenario['id']}: " + "; ".join(wrong))
                if len(failures) == SHOWN:
                    break
        assert seen > 0
        assert not failures, "\n".join(failures)

    return run


@pytest.fixture
def sample(sweep: Callable[[Iterable[dict]], None]) -> Callable[[Sequence[Space], int, int], None]:
    """Return a function that checks so many scenarios of the spaces, drawn by the seed without repetition."""

    def run(spaces: Sequence[Space], count: int, seed: int) -> None:
        indices = random.Random(seed).sample(range(total(spaces)), count)
        print(f"seed {seed}")
        sweep(space.scenario(index) for space, index in (placed(spaces, at) for at in indices))

    return run
