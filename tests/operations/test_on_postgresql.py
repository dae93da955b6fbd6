"""A gateway whose database a server keeps: made, looked over, and backed up by the server's own tools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from gateway.bootstrap import running
from gateway.config import DATABASE_VARIABLE
from gateway.errors import ConfigurationError
from gateway.operations.backups import backup, restore
from gateway.operations.context import DataFolder
from gateway.operations.doctor import Health, examine
from gateway.operations.initialise import initialise, upgrade_database
from gateway.storage.migrate import head

pytestmark = [
    pytest.mark.on_both,
    pytest.mark.postgresql,
    pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True),
]
PASSWORD = "canary-password"


@pytest.fixture
def folder(empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    url = make_url(empty_database_url).set(password=PASSWORD)
    monkeypatch.setenv(DATABASE_VARIABLE, url.render_as_string(hide_password=False))
    return DataFolder(tmp_path / "data")


def _open(folder: DataFolder) -> Any:
    return running(folder.path, read_only=True)


async def test_it_is_made_looked_over_and_opened_by_many(folder, capfd) -> None:
    made = await initialise(folder, {})
    assert {"database", folder.key.name} <= set(made.made)
    assert made.revision == head()
    assert not folder.database.exists()
    again = await initialise(folder, {})
    assert {"database", folder.key.name} <= set(again.kept)
    assert (await upgrade_database(folder)).before == head()

    findings = await examine(folder, lambda: _open(folder))
    found = {each.check: each for each in findings}
    assert [each.check for each in findings if each.state is Health.fail] == []
    assert " on PostgreSQL at " in found["database"].found
    assert "many processes" in found["process"].found
    assert "fsync is off" in found["integrity"].found, "the tests' own server does without"
    assert "titles are read through" in found["search"].found

    async with running(folder.path) as one, running(folder.path) as other:
        assert (one.database.backend, other.database.backend) == ("postgresql", "postgresql")
        with pytest.raises(ConfigurationError, match=r"PostgreSQL's own tool, `pg_dump .*master key") as no:
            await backup(one, folder.path / "backup.tar")
        with pytest.raises(ConfigurationError, match="pg_restore"):
            await restore(folder, folder.path / "backup.tar")
    assert PASSWORD not in f"{made} {again} {findings} {no.value} {capfd.readouterr()}"


async def test_a_second_machine_needs_the_key_of_the_first(folder, tmp_path) -> None:
    await initialise(folder, {})
    second = DataFolder(tmp_path / "second")
    with pytest.raises(ConfigurationError, match=r"in use already.*Copy master\.key") as no:
        await initialise(second, {})
    assert PASSWORD not in str(no.value)
    second.key.write_bytes(folder.key.read_bytes())
    second.key.chmod(0o600)
    assert folder.key.name in (await initialise(second, {})).kept


async def test_a_server_that_is_not_there_is_said_without_the_password(folder, monkeypatch) -> None:
    await initialise(folder, {})
    monkeypatch.setenv(DATABASE_VARIABLE, f"postgresql://gateway:{PASSWORD}@127.0.0.1:1/gateway")
    findings = await examine(folder, lambda: _open(folder))
    (failed,) = [each for each in findings if each.state is Health.fail]
    assert failed.check == "database"
    assert "gateway on PostgreSQL at 127.0.0.1:1 cannot be used" in failed.found
    assert PASSWORD not in str(findings)
    assert os.environ[DATABASE_VARIABLE]
