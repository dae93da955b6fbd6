"""Check 13: what an adapter says of itself is true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.marked_yaml import Mapping, Scalar, Sequence, load
from tests.kit.contract_case import Case
from tests.kit.found import FOUND

ROOT = Path(__file__).resolve().parents[2]

RULES = (
    "manifest",
    "capabilities",
    "signing_vectors",
    "signing_cover",
    "refresh_single_flight",
    "list_is_fetch",
    "paging",
    "windows",
    "golden_orders",
    "golden_requests",
    "raw_kept",
    "words",
    "unknown_words",
    "errors",
    "money",
    "zero_decimals",
    "time",
    "names",
    "webhook_verified",
    "webhook_facts",
    "webhook_acknowledged",
    "lost_pushes",
    "writes",
    "writes_refused",
    "writes_repeated",
    "lost_answers",
    "evidence_upload",
    "failures",
    "scrubbed",
    "requests",
    "live_reads",
    "live_writes",
)
"""What every adapter must say ``done`` or ``exempt`` to."""


def claims(path: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the test ids of what is done and the reasons of what is exempt.

    Raises AssertionError, naming file and line, for anything that is neither.
    """
    root = load(path.read_text("utf-8"), path.name)
    assert isinstance(root, Mapping), f"{root.mark}: a mapping of rules is expected"
    done: dict[str, list[str]] = {}
    exempt: dict[str, str] = {}
    for rule, claim in root.entries.items():
        assert isinstance(claim, Mapping), f"{claim.mark}: {rule}: `done` or `exempt` is expected"
        assert len(claim.entries) == 1, f"{claim.mark}: {rule}: one of `done` and `exempt`"
        ((word, node),) = claim.entries.items()
        assert word in {"done", "exempt"}, f"{claim.key_marks[word]}: {rule}: {word!r} is neither done nor exempt"
        if word == "exempt":
            assert isinstance(node, Scalar), f"{node.mark}: {rule}: a reason is a sentence"
            exempt[rule] = node.text
            continue
        nodes = node.items if isinstance(node, Sequence) else (node,)
        done[rule] = [each.text for each in nodes if isinstance(each, Scalar) and each.text]
        assert len(done[rule]) == len(nodes) > 0, f"{node.mark}: {rule}: test ids are texts"
    return done, exempt


def collected(files: set[str]) -> set[str]:
    """Return the ids pytest finds in test files, without what stands in brackets."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *sorted(files)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return {line.partition("[")[0] for line in found.stdout.splitlines() if "::" in line}


class Check13Quality:
    """``quality.yaml`` names a test that exists for all that is done, and a reason for all that is not."""

    case: Case

    def test_check_13_says_something_to_every_rule(self) -> None:
        done, exempt = claims(self.case.quality)
        assert set(done) | set(exempt) == set(RULES)

    def test_check_13_reasons_are_sentences(self) -> None:
        _, exempt = claims(self.case.quality)
        assert {rule for rule, reason in exempt.items() if len(reason.split()) < 5} == set()

    def test_check_13_tests_named_exist(self, request: pytest.FixtureRequest) -> None:
        done, _ = claims(self.case.quality)
        ids = {each for named in done.values() for each in named}
        files = {each.partition("::")[0] for each in ids}
        assert {name for name in files if not (ROOT / name).is_file()} == set()
        elsewhere = ids - request.config.stash.get(FOUND, set[str]())
        if elsewhere:  # not part of this run
            assert elsewhere - collected({each.partition("::")[0] for each in elsewhere}) == set()
