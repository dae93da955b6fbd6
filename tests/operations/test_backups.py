"""A backup carries what a shop has set for itself, and no secret; it comes back where nothing else is, or when told."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from gateway.config import DATABASE_VARIABLE
from gateway.operations.backups import backup, restore
from gateway.operations.context import DataFolder
from tests.kit.office import office

__all__ = ["office"]

OWN = {"gateway.yaml": "sync:\n  every: 2m\n", "automations.yaml": "automations: {}\n", "rules/red.yaml": "{}\n"}


@pytest.fixture
def database_url(make_database_url: Any, tmp_path: Path) -> str:
    """An SQLite file: a database server has tools of its own."""
    url: str = make_database_url("sqlite", tmp_path)
    return url


@pytest.fixture
def shop(office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A gateway with settings of its own."""
    monkeypatch.delenv(DATABASE_VARIABLE)
    (tmp_path / "rules").mkdir()
    for name, content in OWN.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "rules" / "notes.txt").write_text("not a rule")
    return office


def settings_in(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in OWN if (folder / name).exists()}


async def test_settings_come_back_into_a_new_folder(shop: Any, tmp_path: Path) -> None:
    made = await backup(shop.context, tmp_path / "kept.tar")
    assert made.settings == ("automations.yaml", "gateway.yaml", "rules/red.yaml")
    with tarfile.open(made.file) as tar:
        assert not [name for name in tar.getnames() if "notes" in name or "key" in name]
    new = tmp_path / "new"
    new.mkdir()
    (new / "master.key").write_text("a key that was put there first")
    back = await restore(DataFolder(new), made.file)
    assert (back.settings, back.settings_left, settings_in(new)) == (made.settings, (), OWN)


@pytest.mark.parametrize("there", ["gateway.yaml", "automations.yaml", "rules/x.yaml"])
async def test_settings_that_are_there_stay_unless_told(shop: Any, tmp_path: Path, there: str) -> None:
    made = await backup(shop.context, tmp_path / "kept.tar")
    new = tmp_path / "new"
    (new / "rules").mkdir(parents=True)
    (new / there).write_text("{}")
    back = await restore(DataFolder(new), made.file)
    assert (back.settings, back.settings_left) == ((), made.settings)
    assert (new / there).read_text() == "{}"
    assert len(list(new.rglob("*.yaml"))) == 1
    again = await restore(DataFolder(new), made.file, replace=True, with_settings=True)
    assert (again.settings, settings_in(new)) == (made.settings, OWN)
    assert [path.read_text() for path in new.glob(f"replaced-*/{there}")] == ["{}"]


@pytest.mark.parametrize(
    "line",
    [
        "# ORDER_GATEWAY_KEY: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "public_url: https://me:hunter2@gateway.example.com",
        "# the webhook's secret = whsec_aGVsbG8gd29ybGQ",
        "# DB_PASSWORD=correct-horse-battery",
        "# AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ],
)
async def test_a_file_with_a_secret_is_left_out_and_that_is_said(shop: Any, tmp_path: Path, line: str) -> None:
    for name in ("gateway.yaml", "rules/red.yaml"):
        (tmp_path / name).write_text(f"{OWN[name]}{line}\n")
    made = await backup(shop.context, tmp_path / "kept.tar")
    assert made.settings == ("automations.yaml",)
    assert "gateway.yaml is NOT in this file: line 3 looks like a secret" in made.reminder
    assert "rules/red.yaml is NOT in this file: line 2" in made.reminder
    assert line.encode() not in made.file.read_bytes()
    assert line not in made.reminder


async def test_what_names_where_a_secret_is_kept_is_none(shop: Any, tmp_path: Path) -> None:
    told = "notify: {addresses: [{name: team, url_from: TEAM_WEBHOOK_URL, secret_from: TEAM_WEBHOOK_SECRET}]}\n"
    (tmp_path / "gateway.yaml").write_text(f"database: ''  # postgresql://gateway@db.example.com/gateway\n{told}")
    assert "gateway.yaml" in (await backup(shop.context, tmp_path / "kept.tar")).settings
