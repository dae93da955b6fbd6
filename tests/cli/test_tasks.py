"""``gateway tasks`` and ``gateway approvals``: what waits for a person is shown, done, agreed to and refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import typer

from gateway.bootstrap import running
from gateway.cases import approvals as kept
from gateway.cases.case import open_case
from gateway.cases.effects import Recorded, record_decision
from gateway.cases.instructions import instructions_for
from gateway.cases.tasks import Task, TaskKind, TaskState, open_task, seal_text
from gateway.cli.app import build
from gateway.config import ApprovalSettings
from gateway.model.store import App, AppSecret, Platform, Store
from gateway.orders.store import upsert_orders
from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.parse import parse_scenario
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.wording.catalog import Language
from gateway.ports import OrderBatch, RawItem
from gateway.storage import stores as rows
from tests.kit.paper import make_order

pytestmark = pytest.mark.slow  # whole gateways, command by command

WORDS = "亲,非常抱歉,杯子暂时无法发出"
XHS = Store(
    id="xhs", app="x", platform="xiaohongshu", external_id="1", region="CN", currency="CNY", time_zone="Asia/Shanghai"
)  # fmt: skip
SCENARIO = """
{"as_of": "2026-03-10T12:00:00+08:00", "store": {"platform": "xiaohongshu", "region": "CN", "currency": "CNY"},
 "order": {"phase": "awaiting_shipment", "paid_at": "2026-03-10T11:00:00+08:00",
           "paid": {"amount": "50.00", "currency": "CNY"}, "stock_available": false},
 "contact": {"messages": [{"at": "2026-03-10T11:30:00+08:00", "language": "zh", "purpose": "explain"}]},
 "evidence": ["chat", "problem", "order_detail"], "intent": {"reason": "malicious_order"}}
"""


class Waiting:
    """A gateway with one order whose case waits for a person."""

    def __init__(self, gateway: Any) -> None:
        self.gateway = gateway
        self.now = datetime.now(UTC).replace(microsecond=0)

    def store(self, act: Callable[[Any, Any], Any]) -> Any:
        async def run() -> Any:
            async with running(self.gateway.data) as context:
                return await context.database.write(lambda c: act(c, context))

        return asyncio.run(run())

    def task(self, kind: str, subject: str = "P1", text: str | None = None, **details: Any) -> str:
        about: dict[str, Any] = {"store": "xhs", "order_id": "P1", "kind": TaskKind(kind), "subject": subject}

        def act(c: Any, context: Any) -> str:
            sealed = None if text is None else seal_text(c, context.vault, text=text, **about)
            due = self.now + timedelta(hours=3)
            return open_task(c, case_id=None, details=details, due_by=due, now=self.now, sealed=sealed, **about).id

        return str(self.store(act))

    def approval(self, settings: ApprovalSettings | None = None) -> str:
        """Ask for a yes to close the order."""
        scenario = parse_scenario(SCENARIO, "scenario.json")
        decision = decide(scenario, load_rules())
        assert decision.approval == ("high_risk_close", "rate_unknown")

        def act(c: Any, context: Any) -> str:
            case = open_case(c, store="xhs", order_id="P1", reason="malicious_order", by="anna", now=self.now)
            asked = Recorded(decision.rule_set, scenario_bytes(scenario), canonical_bytes(decision))
            made = record_decision(c, case.intent, "xhs", "P1", asked, self.now)
            plain = settings or ApprovalSettings()
            return kept.ask(c, case, made, decision, decision.approval, self.now, settings=plain).id

        return str(self.store(act))


@pytest.fixture
def shop(made: Any) -> Waiting:
    waiting = Waiting(made)
    app = App(id="x", platform="xiaohongshu", key="1", base_url="http://127.0.0.1:1")
    order = make_order("P1", waiting.now - timedelta(hours=5), store="xhs", region="CN", currency="CNY")

    def act(c: Any, context: Any) -> None:
        rows.add_app(c, context.vault, app, AppSecret(sign_key="k"), waiting.now)
        rows.add_store(c, XHS, waiting.now)
        upsert_orders(c, context.vault, OrderBatch([order], [RawItem("P1", b"{}")]), waiting.now)

    waiting.store(act)
    return waiting


def as_person(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: name)


def test_a_message_is_shown_to_be_copied_and_done_once(shop: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    as_person(monkeypatch, "anna")
    gateway, task = (
        shop.gateway,
        shop.task("send_message", "P1:explain", WORDS, language="zh-CN", reason="out_of_stock"),
    )
    (listed,) = gateway.done("tasks", "list")
    assert (listed["task"]["id"], listed["task"]["kind"], listed["late"]) == (task, "send_message", False)
    shown = gateway.done("tasks", "show", task, "--lang", "zh")
    assert shown["text"] == WORDS
    assert "ark.xiaohongshu.com" in shown["instructions"]["steps"][0]
    assert any("XHS-53" in each for each in shown["instructions"]["never"])
    page = gateway("tasks", "show", task)
    assert WORDS in page.out.splitlines()
    command = next(line for line in page.out.splitlines() if "gateway tasks done" in line).split("gateway ")[1]
    done = gateway.done(*command.split())
    assert (done["state"], done["done_by"]) == ("done", "anna")
    assert gateway.done("contact", "show", "P1", "--personal")["messages"][0]["text"] == WORDS
    again = gateway("tasks", "done", task)
    assert (again.code, "is done already, by anna" in again.err) == (1, True)
    assert gateway.done("tasks", "list") == []
    assert [each["task"]["state"] for each in gateway.done("tasks", "list", "--all", "--order", "P1")] == ["done"]


def test_what_is_missing_is_said_with_its_exit_code(shop: Waiting) -> None:
    gateway = shop.gateway
    support, chat = shop.task("contact_support"), shop.task("collect_evidence", "P1:chat")
    told = gateway("tasks", "done", support, "--json")
    assert (told.code, told.json["error"]["kind"]) == (2, "DataError")
    assert gateway.done("tasks", "done", support, "--ticket", "T-9")["because"] == "ticket T-9"
    assert gateway("tasks", "done", chat).code == 3
    assert gateway("tasks", "done", "nonsense").code == 1
    assert gateway("tasks", "done", chat, "--at", "2100-01-01").code == 2
    assert gateway("tasks", "show", "nonsense").code == 1
    assert gateway("tasks", "list", "--kind", "nonsense").code == 2
    assert gateway("tasks", "list", "--store", "nonsense").code == 1


def test_a_task_is_cancelled_with_a_word_on_why(shop: Waiting) -> None:
    gateway, task = shop.gateway, shop.task("close", reason="out_of_stock")
    assert gateway("tasks", "cancel", task).code == 2
    assert gateway.done("tasks", "cancel", task, "--because", "no reason fits")["because"] == "no reason fits"
    assert gateway("tasks", "cancel", task, "--because", "again").code == 1
    assert "cancelled" in gateway("tasks", "show", task).out


def test_a_suppliers_zero_becomes_a_task_about_the_article(shop: Waiting) -> None:
    gateway = shop.gateway
    gateway.done("stock", "set", "LID", 0, "--store", "xhs", "--supplier", "b2b-1")
    (listed,) = gateway.done("tasks", "list", "--kind", "delist")
    task = listed["task"]["id"]
    assert (listed["task"]["subject"], listed["task"]["order_id"]) == ("LID", None)
    assert listed["title"] == "Take LID off sale, or sell it as presale"
    assert gateway("tasks", "done", task, "--ticket", "T-1").code == 2
    assert gateway.done("tasks", "done", task)["state"] == "done"


def test_a_yes_is_given_with_the_decision_in_sight(shop: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    as_person(monkeypatch, "anna")
    gateway, approval = shop.gateway, shop.approval()
    (listed,) = gateway.done("approvals", "list")
    assert (listed["approval"]["id"], listed["approval"]["action"]) == (approval, "close")
    shown = gateway.done("approvals", "show", approval, "--lang", "zh")
    assert shown["decision"]["path"] == "seller_close"
    assert shown["explanation"] != shown["decision"]["explanation"], "it is told in Chinese"
    page = gateway("approvals", "show", approval).out
    assert "closing an order is a high-risk act" in page
    assert "XHS-11" in page or "XHS-12" in page
    given = gateway.done("approvals", "yes", approval, "--because", "the shelf is empty")
    assert (given["state"], given["first_by"], given["because"]) == ("granted", "anna", "the shelf is empty")
    as_person(monkeypatch, "ben")
    late = gateway("approvals", "no", approval)
    assert (late.code, "granted already, by anna" in late.err) == (1, True)


def test_two_people_agree_where_the_configuration_says_so(shop: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, approval = shop.gateway, shop.approval(ApprovalSettings(second_person=True))
    (gateway.data / "gateway.yaml").write_text("approvals: {second_person: true, leads: [anna, ben]}\n")
    as_person(monkeypatch, "otto")
    refused = gateway("approvals", "yes", approval, "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (1, "NotAllowed")
    as_person(monkeypatch, "anna")
    assert gateway.done("approvals", "yes", approval)["state"] == "asked"
    assert "anna agreed" in gateway("approvals", "list").out
    assert gateway("approvals", "yes", approval).code == 1
    as_person(monkeypatch, "ben")
    assert gateway.done("approvals", "yes", approval)["state"] == "granted"


def test_a_no_ends_it(shop: Waiting) -> None:
    gateway, approval = shop.gateway, shop.approval()
    assert gateway.done("approvals", "no", approval)["state"] == "refused"
    assert gateway.done("approvals", "list") == []
    assert [each["approval"]["state"] for each in gateway.done("approvals", "list", "--all")] == ["refused"]
    assert gateway("approvals", "show", "nonsense").code == 1


def test_today_lists_what_waits_for_a_person_with_its_time(shop: Waiting) -> None:
    gateway = shop.gateway
    task, approval = shop.task("close", reason="out_of_stock"), shop.approval()
    due = {each["kind"]: each for each in gateway.done("today")["due"]}
    assert (due["task"]["subject"], due["task"]["order_id"], due["task"]["passed"]) == (task, "P1", False)
    assert f"gateway tasks show {task}" in due["task"]["words"]
    assert datetime.fromisoformat(due["task"]["by"]) == shop.now + timedelta(hours=3)
    assert (due["approval"]["subject"], due["approval"]["by"] is not None) == (approval, True)
    assert f"gateway approvals yes {approval}" in due["approval"]["words"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("approvals: {limit_cny: a lot}", "approvals.limit_cny"),
        ('approvals: {limit_cny: "-1"}', "approvals.limit_cny"),
        ("approvals: {second_person: perhaps}", "approvals.second_person"),
        ("approvals: {third_person: true}", "approvals.third_person"),
        ("approvals: {leads: anna}", "approvals.leads"),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(made: Any, text: str, where: str) -> None:
    (made.data / "gateway.yaml").write_text(text + "\n")
    told = made("tasks", "list")
    assert told.code == 4
    assert f"line 1: {where}" in told.err


def how(kind: TaskKind, platform: Platform, has_text: bool) -> Any:
    now = datetime.now(UTC)
    task = Task(
        "t1", "c1", "s1", "o1", kind, "o1:explain", {}, TaskState.open, now, None, None, None, "", has_text=has_text
    )
    return instructions_for(task, XHS.model_copy(update={"platform": platform.value}), Language.en)


def test_every_command_that_is_told_exists() -> None:
    def names(command: Any, path: tuple[str, ...] = ()) -> set[str]:
        if not hasattr(command, "commands"):
            return {" ".join(path)}
        return set().union(*(names(each, (*path, name)) for name, each in command.commands.items()))

    known = names(typer.main.get_command(build(lambda *_, **__: None)))  # type: ignore[arg-type]  # never opened
    for kind, platform, has_text in product(TaskKind, Platform, (True, False)):
        found = how(kind, platform, has_text)
        said = [*found.afterwards, found.otherwise]
        for command in [*said, *re.findall(r"`(gateway .*?)`", " ".join((*found.steps, *found.never)))]:
            words = command.removeprefix("gateway ").split()
            assert words[0] in known or " ".join(words[:2]) in known, command
