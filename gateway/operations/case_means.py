"""What the cases of a gateway work with, joined from its configuration."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from gateway.cases.after import Aftermath
from gateway.cases.turn import MakeSheet, Means
from gateway.cases.upstream import Judge
from gateway.config import Configuration
from gateway.policy.rule_set import RuleSet
from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.storage.vault import Vault


def means_of(
    configuration: Configuration, evidence: Path, *, database: Database, vault: Vault, clock: Clock, rules: RuleSet
) -> Means:
    """Return what a case's steps need; ``evidence`` is where files are kept unless the configuration says."""
    rates = {
        store: Decimal(str(given["rate"])) for store, given in configuration.valuation.items() if given.get("rate")
    }
    return Means(
        vault=vault,
        approvals=configuration.approvals,
        contact=configuration.contact,
        rates=rates,
        make_sheet=_sheets(configuration, evidence, database=database, vault=vault, clock=clock, rules=rules),
    )


def aftermath_of(configuration: Configuration, vault: Vault, rules: RuleSet) -> Aftermath:
    """Return what sees to the rest after an order's end."""
    judge = Judge(vault, rules, configuration.valuation, configuration.stock.worth)
    return Aftermath(judge, configuration.contact)


def _sheets(
    configuration: Configuration, evidence: Path, *, database: Database, vault: Vault, clock: Clock, rules: RuleSet
) -> MakeSheet:
    async def make(store: str, order_id: str) -> object:
        # the file systems that evidence may stand on are loaded only where a sheet is made
        from gateway.cases.evidence import EvidenceRoom  # noqa: PLC0415 - see above
        from gateway.cases.evidence_files import files_at  # noqa: PLC0415 - see above
        from gateway.cases.order_sheet import make_order_sheet  # noqa: PLC0415 - see above

        settings = configuration.evidence
        room = EvidenceRoom(
            database=database,
            vault=vault,
            clock=clock,
            files=files_at(settings.url, evidence),
            max_bytes=settings.max_mb * 1_000_000,
        )
        return await make_order_sheet(
            room, database=database, vault=vault, rule_set=rules.version, store=store, order_id=order_id
        )

    return make
