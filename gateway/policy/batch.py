"""Many scenarios, one a line of JSON, decided in their order; a large batch by every core of the machine."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.parse import ScenarioError, parse_line
from gateway.policy.rule_set import load_rules
from gateway.policy.store_rules import overlaid
from gateway.policy.wording.catalog import texts_in
from gateway.policy.wording.page import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.policy.rule_set import RuleSet
    from gateway.policy.wording.catalog import Language

_CHUNK = 500  # lines a process decides at a time
_WORTH_IT = 4 * _CHUNK  # fewer lines are decided before a second process has started

_Numbered = tuple[int, str]  # a line and its number in the file
_Own = tuple[str, str]  # a store's own rules, and the name errors give them
_Where = tuple[str, int, str, str]  # what makes a ScenarioError: it does not travel between processes itself


def decided_lines(text: str, file: str, language: Language | None, own: _Own | None = None) -> Iterator[str]:
    """Yield a line for each scenario, many at a time: a decision as canonical JSON, or its short form in ``language``.

    ``file`` names the text in errors. ``own`` is a store's own rules and the name of their file. Raises
    RuleError where they cannot be used, and ScenarioError at the first malformed line, after what stands before it.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    chunks = [lines[start : start + _CHUNK] for start in range(0, len(lines), _CHUNK)]
    cores = _cores() if len(lines) >= _WORTH_IT else 1
    if cores == 1:
        for chunk in chunks:
            yield from _told(_decide_chunk(file, language, own, chunk))
        return
    _rules(own)  # read once, before the processes part
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("fork")) as pool:
        for decided in pool.map(partial(_decide_chunk, file, language, own), chunks):
            yield from _told(decided)


def _cores() -> int:
    """Return how many processes may work; where a process cannot part in two cheaply, one."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


@lru_cache
def _rules(own: _Own | None) -> RuleSet:
    return load_rules() if own is None else overlaid(load_rules(), *own)


def _told(decided: tuple[str, _Where | None]) -> Iterator[str]:
    lines, malformed = decided
    yield lines
    if malformed is not None:
        raise ScenarioError.at(*malformed)


def _decide_chunk(
    file: str, language: Language | None, own: _Own | None, lines: list[_Numbered]
) -> tuple[str, _Where | None]:
    """Return what the lines come to, up to the first malformed one, and where that stands."""
    rules = _rules(own)
    texts = texts_in(language) if language is not None else None
    told: list[str] = []
    for number, line in lines:
        try:
            scenario = parse_line(line, file, number)
        except ScenarioError as error:
            return "".join(told), (error.file, error.line, error.field, error.problem)
        decision = decide(scenario, rules)
        if texts is None:
            told.append(canonical_bytes(decision).decode() + "\n")
        else:
            told.append(Told(decision, scenario, rules, texts).line() + "\n")
    return "".join(told), None
