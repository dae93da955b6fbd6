"""Decisions a second: through the Python API on one core, and through ``gateway decide --batch`` after its start.

The scenarios are those of the case files, edges of every rule of four platforms: most are Xiaohongshu's, the dearest.
Verdicts without text are counted over as many scenarios of each platform, and over all cases beside.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.bootstrap import calm_collector
from gateway.policy.decide import decide, verdict
from gateway.policy.rule_set import RuleSet, load_rules
from gateway.policy.scenario import Scenario, canonical_bytes
from tests.policy.test_cases import CASES

GATEWAY = (sys.executable, "-c", "from gateway.bootstrap import main; main()")


@dataclass(frozen=True, slots=True)
class Speed:
    """How many decisions a second each round came to."""

    name: str
    allowed: int  # what is promised
    rounds: list[float]
    is_promised: bool = True  # else shown beside the others


def scenarios(count: int) -> list[Scenario]:
    """Return ``count`` scenarios: every case of the case files in turn."""
    own = [case.scenario for case in CASES]
    return [own[number % len(own)] for number in range(count)]


def of_each_platform(count: int) -> list[Scenario]:
    """Return ``count`` scenarios: the platforms in turn, each with its own cases in turn."""
    own: dict[str, list[Scenario]] = {}
    for case in CASES:
        own.setdefault(case.scenario.store.platform, []).append(case.scenario)
    platforms = sorted(own)
    turns = (divmod(number, len(platforms)) for number in range(count))
    return [own[platforms[which]][turn % len(own[platforms[which]])] for turn, which in turns]


def through_the_api(count: int, rounds: int) -> Speed:
    """Measure `decide` by CPU time, with the gateway's collector."""
    name = f"decide, {count:,} scenarios of the case files, decisions a CPU second"
    return Speed(name, 5_000, _a_cpu_second(decide, scenarios(len(CASES)), count, rounds))


def without_text(count: int, rounds: int) -> list[Speed]:
    """Measure `verdict` by CPU time, with the gateway's collector."""
    most = max(Counter(case.scenario.store.platform for case in CASES).values())
    every = _a_cpu_second(verdict, of_each_platform(4 * most), count, rounds)  # every case at least once
    cases = _a_cpu_second(verdict, scenarios(len(CASES)), count, rounds)
    name = f"verdict without text, {count:,} scenarios"
    return [
        Speed(f"{name}, as many of each platform, a CPU second", 20_000, every),
        Speed(f"{name} of the case files, a CPU second", 20_000, cases, is_promised=False),
    ]


def _a_cpu_second(
    entry: Callable[[Scenario, RuleSet], object], asked: Sequence[Scenario], count: int, rounds: int
) -> list[float]:
    """Ask all of ``asked`` again and again, ``count`` scenarios a round; the fastest pass of each round counts.

    Whoever shares the core, its caches and its other thread makes a pass slower, even by CPU time, and never faster.
    """
    calm_collector()
    rules, taken = load_rules(), []
    for _ in range(rounds + 1):  # the first one warms up
        passes = []
        for _ in range(max(1, count // len(asked))):
            started = time.process_time()
            for scenario in asked:
                entry(scenario, rules)
            passes.append(time.process_time() - started)
        taken.append(len(asked) / min(passes))
    return taken[1:]


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
