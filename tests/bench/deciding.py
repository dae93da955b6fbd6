"""Decisions a second: through the Python API on one core, and through ``gateway decide --batch`` after its start.

The scenarios are those of the case files, edges of every rule of four platforms: most are Xiaohongshu's, the dearest.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gateway.bootstrap import calm_collector
from gateway.policy.decide import decide
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import Scenario, canonical_bytes
from tests.policy.test_cases import CASES

GATEWAY = (sys.executable, "-c", "from gateway.bootstrap import main; main()")


@dataclass(frozen=True, slots=True)
class Speed:
    """How many decisions a second each round came to."""

    name: str
    allowed: int  # what is promised
    rounds: list[float]


def scenarios(count: int) -> list[Scenario]:
    """Return ``count`` scenarios: every case of the case files in turn."""
    own = [case.scenario for case in CASES]
    return [own[number % len(own)] for number in range(count)]


def through_the_api(count: int, rounds: int) -> Speed:
    """Measure `decide` by CPU time, with the gateway's collector."""
    calm_collector()
    asked, rules = scenarios(count), load_rules()
    taken = []
    for _ in range(rounds + 1):
        started = time.process_time()
        for scenario in asked:
            decide(scenario, rules)
        taken.append(count / (time.process_time() - started))
    return Speed(f"decide, {count:,} scenarios of the case files, decisions a CPU second", 5_000, taken[1:])


def through_the_command(count: int, rounds: int, folder: Path) -> Speed:
    """Measure the command by the clock, less the start that a batch of one line takes."""
    lines = [canonical_bytes(scenario) for scenario in scenarios(count)]
    one, all_of = folder / "one.jsonl", folder / "all.jsonl"
    one.write_bytes(lines[0] + b"\n")
    all_of.write_bytes(b"\n".join(lines) + b"\n")
    taken = [count / (_seconds(all_of, count) - _seconds(one, 1)) for _ in range(rounds)]
    return Speed(f"decide --batch, {count:,} lines, decisions/s after the start", 4_000, taken)


def _seconds(batch: Path, count: int) -> float:
    started = time.perf_counter()
    ended = subprocess.run([*GATEWAY, "decide", "--batch", str(batch), "--json"], capture_output=True, check=True)
    took = time.perf_counter() - started
    assert ended.stdout.count(b"\n") == count, "a line for each scenario"
    return took
