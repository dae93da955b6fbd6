"""A setting that was changed under a running gateway, or that it cannot use, is told, by a notice and by the doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.cases.notices import Level
from gateway.operations.doctor import Finding, Health, examine
from gateway.operations.watching import Watching
from tests.kit.office import office

__all__ = ["office"]


@pytest.fixture
def watch(office: Any) -> Any:
    """The look of a gateway that has just started, and what stands after it."""
    watching = Watching(office.context)

    async def once() -> list[tuple[str, Any]]:
        await watching.take()
        return sorted((each.kind, each.details["file"]) for each in await office.notices())

    return once


async def doctor(folder: Path, office: Any) -> Finding:
    findings = await examine(office.context.folder, lambda: running(folder, read_only=True))
    return next(each for each in findings if each.check == "settings")


async def test_a_change_needs_a_restart_until_there_was_one(office: Any, watch: Any, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    assert await watch() == []
    file.write_text(file.read_text() + "# a remark\n")
    assert await watch() == [], "nothing that counts was changed"
    before = file.read_text()
    file.write_text("sync:\n  every: 3m\n")
    assert await watch() == [("restart_needed", "gateway.yaml")]
    assert await watch() == [("restart_needed", "gateway.yaml")]
    (told,) = await office.notices()
    assert told.level is Level.warning
    found = await doctor(tmp_path, office)
    assert (found.state, "gateway.yaml" in found.found, "gateway serve" in found.do) == (Health.warn, True, True)
    file.write_text(before)
    assert await watch() == [], "it is as it was"
    office.later(days=1)
    file.write_text("sync:\n  every: 3m\n")
    assert await watch() == [("restart_needed", "gateway.yaml")]
    await Watching(office.context).take()  # the gateway was started anew
    assert await office.notices() == []
    assert (await doctor(tmp_path, office)).state is Health.ok


async def test_rules_that_come_and_go_need_a_restart(office: Any, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "red.yaml").write_text("values: {}\n")
    watching = Watching(office.context)
    (tmp_path / "rules" / "red.yaml").unlink()
    (tmp_path / "rules" / "blue.yaml").write_text("values: {}\n")
    await watching.take()
    told = sorted(str(each.details["file"]) for each in await office.notices() if each.kind == "restart_needed")
    assert told == ["rules/blue.yaml", "rules/red.yaml"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gateway.yaml", "sync:\n  evry: 3m\n", "line 2: sync.evry: no such setting"),
        ("automations.yaml", "automations: [3]\n", "No automation acts until then."),
        ("rules/blue.yaml", "values: 3\n", "rules/blue.yaml, line 1"),
        ("rules/green.yaml", "{}\n", "green"),
    ],
)
async def test_what_cannot_be_used_is_told(
    office: Any, watch: Any, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / name).write_text(content)
    assert ("settings_unusable", name) in await watch()
    (told,) = [each for each in await office.notices() if each.kind == "settings_unusable"]
    assert says in str(told.details["problem"])
    (tmp_path / name).unlink()
    assert [kind for kind, _ in await watch()] != ["settings_unusable"]


async def test_the_doctor_names_automations_that_cannot_be_used(office: Any, tmp_path: Path) -> None:
    assert (await doctor(tmp_path, office)).state is Health.ok
    (tmp_path / "automations.yaml").write_text("automations: [3]\n")
    found = await doctor(tmp_path, office)
    assert (found.state, "automations.yaml" in found.found) == (Health.fail, True)


@pytest.mark.parametrize(
    "told",
    [
        "stock: {lines: {blu: 3}}",
        "contact: {blu: {coupon: x}}",
        "valuation: {blu: {rate: '1'}}",
        "notify: {addresses: [{name: a, url_from: U, secret_from: S, stores: [blue, blu]}]}",
    ],
)
async def test_the_doctor_names_stores_that_are_not_there(office: Any, tmp_path: Path, told: str) -> None:
    (tmp_path / "gateway.yaml").write_text(told)
    found = await doctor(tmp_path, office)
    assert (found.state, found.found) == (Health.warn, "gateway.yaml names stores that are not there: blu")
