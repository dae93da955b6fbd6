"""The web server: which pages stand where, and how it says that it is well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gateway.api.listening import AddressTaken
from gateway.api.site import open_site
from gateway.bootstrap import running
from gateway.errors import ConfigurationError
from gateway.operations import receiving
from gateway.operations.context import DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.serving import Pages


@pytest.fixture
async def context(tmp_path: Path):
    folder = DataFolder(tmp_path / "data")
    await initialise(folder, {})
    folder.configuration.write_text("listen: 127.0.0.1:0\n")
    async with running(folder.path) as opened:
        yield opened


@pytest.fixture
async def client():
    async with httpx.AsyncClient(trust_env=False, timeout=30) as opened:
        yield opened


async def test_only_the_pages_asked_for_are_there(context, client) -> None:
    async with open_site(context, Pages()) as address:
        assert (await client.get(f"{address}/healthz")).json() == {"status": "ok"}
        assert (await client.get(f"{address}/oauth/shopee/callback")).status_code == 404
        assert (await client.post(f"{address}/webhooks/shopee")).status_code == 404
    receiver = receiving.receiver(context, lambda: None)
    async with open_site(context, Pages(receiver=receiver, on_connected=lambda _: None)) as address:
        assert (await client.get(f"{address}/oauth/shopee/callback")).status_code == 400
        assert (await client.get(f"{address}/oauth/nowhere/callback")).status_code == 404
        assert (await client.get(f"{address}/webhooks/shopee")).status_code == 405
        assert (await client.post(f"{address}/webhooks/shopee", content=b"{}")).status_code == 404, "no app yet"


async def test_a_database_that_fails_is_not_well(context, client) -> None:
    async with open_site(context, Pages()) as address:
        await context.database.close()
        answer = await client.get(f"{address}/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "failing", "part": "database"})


async def test_an_address_that_is_taken_says_so(context) -> None:
    async with open_site(context, Pages()) as address:
        port = address.rsplit(":", 1)[1]
        configuration = context.configuration.model_copy(update={"listen": f"127.0.0.1:{port}"})

        with pytest.raises(AddressTaken, match="cannot be had"):
            async with open_site(replace(context, configuration=configuration), Pages()):
                pass


@pytest.mark.parametrize("listen", ["8600", "127.0.0.1:", "127.0.0.1:70000", "host:http"])
async def test_a_malformed_address(context, listen) -> None:

    configuration = context.configuration.model_copy(update={"listen": listen})
    with pytest.raises(ConfigurationError, match="not host:port"):
        async with open_site(replace(context, configuration=configuration), Pages()):
            pass
