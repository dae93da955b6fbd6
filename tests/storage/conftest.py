from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.storage.database import Database
from gateway.storage.vault import Vault


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 14, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def vault() -> Vault:
    return Vault(base64.b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
async def database(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(url, lock=tmp_path / "lock")
    yield opened
    await opened.close()
