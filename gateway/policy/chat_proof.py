"""What must be on file before a close says that the buyer asked for it (READINGS.md item 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.facts import EVIDENCE_FOR_BUYER_ASKED
from gateway.policy.terms import EvidenceKind, Missing, Reason

if TYPE_CHECKING:
    from gateway.policy.situation import Situation


def missing_proof_of_asking(situation: Situation) -> tuple[Missing, ...]:
    """Return the evidence that ``buyer_asked`` still lacks; nothing for other reasons. Raises NoRuleKnown."""
    if situation.reason is not Reason.buyer_asked:
        return ()
    needed, on_file = situation.rules.value(EVIDENCE_FOR_BUYER_ASKED), situation.scenario.evidence
    return tuple(Missing(f"evidence:{kind}") for kind in EvidenceKind if kind in needed and kind not in on_file)
