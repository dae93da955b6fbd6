"""A store's own rules: read from the data folder, taken for its orders alone, kept with what was decided by them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.bootstrap import running
from gateway.cases.effects import Recorded, record_decision, record_intent
from gateway.errors import ConfigurationError
from gateway.operations.deciding import decide_order
from gateway.operations.replaying import replay
from gateway.operations.syncing import sync_once
from gateway.policy.decision import canonical_bytes as decision_bytes
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.terms import Path, Reason
from gateway.storage.schema import orders as stored

BRAZIL = "shopee-301000505"  # its currency has no price here
OWN = """\
shopee.seller_close.no_honest_reason:
  note: We never close for goods that broke here; a person looks.
  values:
    2025-11-11:
      value: [price_error, unwilling, stock_damaged]
      source: own
      tier: own-rule
      published: 2025-11-11
      seen: 2025-11-11
"""


def allowed(answer) -> set[Path]:
    return {option.path for option in answer.decision.options if option.allowed}


async def test_the_file_of_a_store_holds_for_its_orders_and_is_kept(context, folder) -> None:
    await sync_once(context)
    orders = await context.database.read(
        lambda c: c.execute(select(stored.c.order_id).where(stored.c.store != BRAZIL)).all()
    )
    before = {each.order_id: await decide_order(context, each.order_id, reason=Reason.stock_damaged) for each in orders}
    closable = [answer for answer in before.values() if Path.seller_close in allowed(answer)]
    assert closable
    store = closable[0].store
    folder.rules.mkdir()
    file = folder.rules / f"{store}.yaml"
    file.write_text(OWN, encoding="utf-8")
    async with running(folder.path, read_only=True) as other:
        for answer in before.values():
            again = await decide_order(other, answer.order_id, store=answer.store, reason=Reason.stock_damaged)
            assert ("+store." in again.decision.rule_set) is (answer.store == store)
            if answer.store == store:
                assert Path.seller_close not in allowed(again)
                await keep_in(context, other, again)
    file.unlink()  # the decision has kept it
    replayed = await replay(context)
    mine = [answer for answer in before.values() if answer.store == store]
    assert (replayed.same, replayed.different) == (len(mine), 0)
    assert [each.partition("+")[0] for each in replayed.rule_sets] == [context.rules.version]


async def keep_in(context, other, answer) -> None:
    recorded = Recorded(
        answer.decision.rule_set,
        scenario_bytes(answer.scenario),
        decision_bytes(answer.decision),
        other.rules.of_store(answer.store).archive,
    )

    def write(c) -> None:
        intent = record_intent(c, answer.store, answer.order_id, "stock_damaged", "test", answer.scenario.as_of)
        record_decision(c, intent, answer.store, answer.order_id, recorded, answer.scenario.as_of)

    await context.database.write(write)


async def test_a_file_for_nobody_is_refused(context, folder) -> None:
    folder.rules.mkdir()
    (folder.rules / "no-such-store.yaml").write_text(OWN, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"rules of a store no-such-store, and there is none\. Name the file"):
        async with running(folder.path, read_only=True):
            pass
