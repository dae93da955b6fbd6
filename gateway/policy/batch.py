"""Many scenarios, one a line of JSON, decided in their order; large batches on every core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.parse import parse_batch
from gateway.policy.rule_set import load_rules
from gateway.policy.wording.catalog import texts_in
from gateway.policy.wording.page import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.policy.wording.catalog import Language


def decided_lines(text: str, file: str, language: Language | None) -> Iterator[str]:
    """Yield one line for each scenario: the canonical JSON of its decision, or its short form in ``language``.

    Raises ScenarioError at the first malformed line, after what stands before it.
    """
    rules = load_rules()
    texts = texts_in(language) if language is not None else None
    for scenario in parse_batch(text, file):
        decision = decide(scenario, rules)
        if texts is None:
            yield canonical_bytes(decision).decode() + "\n"
        else:
            yield Told(decision, scenario, rules, texts).line() + "\n"
