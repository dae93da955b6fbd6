"""Xiaohongshu: where its rules say when an order is shipped after all (XHS-57, 58, 66)."""

from __future__ import annotations

from gateway.policy.facts_xiaohongshu import XHS_FULFIL_PHASES, XHS_FULFIL_REASONS, XHS_GIFT_REASONS
from gateway.policy.fulfil import FulfilFacts

XHS_FULFIL = FulfilFacts(phases=XHS_FULFIL_PHASES, reasons=XHS_FULFIL_REASONS, gift_reasons=XHS_GIFT_REASONS)
