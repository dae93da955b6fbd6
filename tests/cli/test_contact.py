"""``gateway contact``: a person enters what was said in the console, and copies the next text."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.cases.tasks import TaskKind, open_task, seal_text, tasks_open
from gateway.model.order import LineItem
from gateway.model.store import App, AppSecret, Store
from gateway.orders.store import upsert_orders
from gateway.ports import OrderBatch, RawItem
from gateway.storage import stores as rows
from tests.kit.paper import make_order

pytestmark = pytest.mark.slow  # whole gateways, command by command

SECRET = "Li Hidden writes: fine with me"
CONFIGURATION = 'contact:\n  xhs: {phone: "13812345678"}\n'


def stored(gateway: Any, act: Callable[[Any, Any], Any]) -> Any:
    """Do something with the rows of a gateway that nobody runs now."""

    async def run() -> Any:
        async with running(gateway.data) as context:
            return await context.database.write(lambda c: act(c, context))

    return asyncio.run(run())


@pytest.fixture
def shop(made: Any) -> Any:
    """A gateway with a Xiaohongshu store and one order: paid five hours ago, nothing in stock."""
    (made.data / "gateway.yaml").write_text(CONFIGURATION)
    paid = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    store = Store(
        id="xhs", app="x", platform="xiaohongshu", external_id="1", region="CN", currency="CNY",
        time_zone="Asia/Shanghai",
    )  # fmt: skip
    app = App(id="x", platform="xiaohongshu", key="1", base_url="http://127.0.0.1:1")
    line = LineItem(line_id="1", product_id="p1", title="杯子", quantity=1)
    order = make_order("P1", paid, store="xhs", region="CN", currency="CNY", paid_at=paid, lines=(line,))

    def act(c: Any, context: Any) -> None:
        rows.add_app(c, context.vault, app, AppSecret(sign_key="k"), paid)
        rows.add_store(c, store, paid)
        upsert_orders(c, context.vault, OrderBatch([order], [RawItem("P1", b"{}")]), paid)

    stored(made, act)
    return made


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")


def test_the_next_text_is_written_to_be_copied_and_entered(shop) -> None:
    drafted = shop.done("contact", "draft", "P1", "--reason", "out_of_stock")
    assert drafted["purpose"] == "offer_cancel"
    assert drafted["text"].startswith("亲，非常抱歉，因为商品缺货，杯子（订单P1）暂时无法发出。")
    assert drafted["entered_with"] == "gateway contact sent P1 --purpose offer_cancel"
    plain = shop("contact", "draft", "P1", "--reason", "out_of_stock")
    assert plain.out.strip() == drafted["text"], "nothing but the text stands on the standard output"
    assert "gateway contact sent P1 --purpose offer_cancel" in plain.err
    second = shop.done("contact", "draft", "P1", "--reason", "out_of_stock", "--purpose", "second_notice")
    assert "138****5678" in second["text"]
    final = shop.done("contact", "draft", "P1", "--reason", "out_of_stock", "--purpose", "final_notice")
    told = final["announced_close_at"]
    assert 3500 < (datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds() < 3700
    command = final["entered_with"].split()
    assert command[:-1] == ["gateway", "contact", "sent", "P1", "--purpose", "final_notice", "--announced-close"]
    assert command[-1].endswith("+08:00")
    assert shop.done(*command[1:])["message"]["announced_close_at"] == told, "the command works as it stands"


def test_no_text_where_none_may_be_written(shop) -> None:
    assert shop("contact", "draft", "P1").code == 2, "for which reason?"
    refused = shop("contact", "draft", "P1", "--reason", "system_error", "--purpose", "offer_cancel")
    assert refused.code == 1
    assert "may not be invited" in refused.err
    assert shop("contact", "draft", "P1", "--reason", "out_of_stock", "--purpose", "confirm").code == 2
    assert shop("contact", "draft", "P2", "--reason", "out_of_stock").code == 1


def test_what_was_sent_and_answered_is_shown_and_decided_by(shop, tmp_path) -> None:
    words = tmp_path / "words.txt"
    words.write_text(SECRET, "utf-8")
    sent = shop.done(
        "contact", "sent", "P1", "--purpose", "offer_cancel", "--at", ago(2), "--language", "zh-CN",
        "--text-file", words,
    )  # fmt: skip
    assert (sent["message"]["purpose"], sent["message"]["text"]) == ("offer_cancel", None)
    steps = shop.done("decide", "--order", "P1", "--reason", "out_of_stock")["decision"]["steps"]
    assert [each["action"] for each in steps][:3] == ["collect_evidence", "wait", "send_message"]
    assert steps[2]["purpose"] == "second_notice"
    replied = shop.done("contact", "reply", "P1", "consents", "--at", ago(1), "--text-file", words)
    assert replied["reply"] == "consents"
    decided = shop.done("decide", "--order", "P1", "--reason", "out_of_stock")["decision"]
    assert (decided["path"], decided["performed_by"]) == ("buyer_cancel", "buyer")
    shop.done("contact", "ticket", "P1", "T-77")
    shown = shop.done("contact", "show", "P1")
    assert [each["purpose"] for each in shown["messages"]] == ["offer_cancel"]
    assert (shown["reply"], shown["language"], shown["tickets"][0]["ticket"]) == ("consents", "zh-CN", "T-77")
    assert SECRET not in str(shown)
    plain = shop("contact", "show", "P1")
    assert SECRET not in plain.out
    assert "consents" in plain.out
    assert "T-77" in plain.out
    assert SECRET in shop("contact", "show", "P1", "--personal").out
    assert shop.done("contact", "show", "P1", "--personal")["replies"][0]["text"] == SECRET
    gone = shop.done("contact", "reply", "P1", "none")
    assert gone["reply"] == "none"
    assert shop("contact", "reply", "P1", "none").code == 1
    with closing(sqlite3.connect(shop.data / "gateway.db")) as connection:
        kept = "\n".join(connection.iterdump())
    assert "Hidden" not in kept


def test_entries_that_cannot_be_are_refused(shop) -> None:
    def code(*arguments: object) -> int:
        return shop("contact", *arguments).code

    assert code("sent", "P1", "--purpose", "final_notice") == 2, "which close does it announce?"
    assert code("sent", "P1", "--purpose", "explain", "--announced-close", ago(-5)) == 2
    assert code("sent", "P1", "--purpose", "final_notice", "--announced-close", ago(1)) == 2
    assert code("sent", "P1", "--purpose", "explain", "--at", ago(-1)) == 2
    assert code("sent", "P1", "--purpose", "explain", "--at", ago(6)) == 2, "before the order was placed"
    assert code("sent", "P1", "--purpose", "explain", "--language", "chinese, simplified") == 2
    assert code("sent", "P1", "--purpose", "hello") == 2
    assert code("sent", "P2", "--purpose", "explain") == 1
    assert code("sent", "P1", "--purpose", "explain", "--store", "nowhere") == 1
    assert code("reply", "P1", "maybe") == 2
    assert code("reply", "P1", "consents", "--at", ago(-1)) == 2
    assert code("reply", "P1", "none", "--at", ago(1)) == 2
    assert code("reply", "P1", "consents", "--text-file", "/nowhere/words.txt") == 2
    assert code("ticket", "P1", " ") == 2
    moment = ago(1)
    assert code("sent", "P1", "--purpose", "explain", "--at", moment) == 0
    assert code("sent", "P1", "--purpose", "explain", "--at", moment) == 1, "it is on record already"
    shown = shop.done("contact", "show", "P1")
    assert (len(shown["messages"]), shown["replies"], shown["tickets"]) == (1, [], [])


def test_a_text_that_breaks_a_rule_is_on_record_and_said_so(shop, tmp_path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("不想发货了, 请打 13812345678", "utf-8")
    told = shop("contact", "sent", "P1", "--purpose", "explain", "--text-file", words)
    assert told.code == 0
    assert "XHS-33" in told.out
    assert "1381" not in told.out


def test_a_language_somebody_vouched_for_is_written_in(shop) -> None:
    shop.done("facts", "set", "buyer_language", "ja", "--order", "P1")
    assert shop("facts", "set", "buyer_language", "japanese please", "--order", "P1").code == 2
    drafted = shop.done("contact", "draft", "P1", "--reason", "out_of_stock")
    assert drafted["language"] == "ja"
    assert "注文番号P1" in drafted["text"]
    assert shop.done("contact", "sent", "P1", "--purpose", "offer_cancel")["message"]["language"] == "ja"


def test_tasks_are_done_with_what_is_entered(shop) -> None:
    def ask(c: Any, context: Any) -> None:
        given = {"case_id": None, "store": "xhs", "order_id": "P1", "due_by": None, "now": context.clock.now()}
        subject = "P1:final_notice"
        sealed = seal_text(
            c,
            context.vault,
            store="xhs",
            order_id="P1",
            kind=TaskKind.send_message,
            subject=subject,
            text="final words",
        )
        close = (context.clock.now() + timedelta(hours=1)).isoformat()
        details = {"purpose": "final_notice", "announced_close_at": close}
        open_task(c, **given, kind=TaskKind.send_message, subject=subject, details=details, sealed=sealed)
        open_task(c, **given, kind=TaskKind.send_message, subject="P1:explain", details={"purpose": "explain"})
        open_task(c, **given, kind=TaskKind.read_reply, subject="P1", details={})
        open_task(c, **given, kind=TaskKind.contact_support, subject="P1", details={})

    stored(shop, ask)
    assert len(shop.done("contact", "sent", "P1", "--purpose", "final_notice")["done"]) == 1
    assert len(shop.done("contact", "reply", "P1", "refuses")["done"]) == 1
    assert len(shop.done("contact", "ticket", "P1", "T1")["done"]) == 1
    left = stored(shop, lambda c, _: [each.subject for each in tasks_open(c, order_id="P1")])
    assert left == ["P1:explain"]
    [message] = shop.done("contact", "show", "P1", "--personal")["messages"]
    assert message["text"] == "final words", "what stood ready is what was sent"
    assert message["announced_close_at"] is not None
