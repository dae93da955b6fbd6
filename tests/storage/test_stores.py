from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.errors import ConfigurationError, Conflict, DataError
from gateway.model.store import App, AppSecret, Credential, Role, Store, StoreMode, StoreState
from gateway.storage import stores
from gateway.storage.vault import Vault

APP = App(id="shopee", platform="shopee", key="1001", base_url="https://example.test")
SECRET = AppSecret(sign_key="canary-sign-key", push_key="canary-push-key")
SHOP = Store(
    id="sg",
    app="shopee",
    platform="shopee",
    external_id="777",
    region="SG",
    currency="SGD",
    time_zone="Asia/Singapore",
    name="Shop",
)
CREDENTIAL = Credential(
    access_token="canary-access-token",
    refresh_token="canary-refresh-token",
    expires_at=datetime(2026, 3, 14, 12, 0, 0, 5, tzinfo=UTC),
    refresh_expires_at=datetime(2026, 4, 14, tzinfo=UTC),
    extra={"merchant": "9"},
)
CANARIES = (b"canary-sign-key", b"canary-push-key", b"canary-access-token", b"canary-refresh-token")


async def test_an_app_and_its_secret(database, vault, now):
    await database.write(lambda c: stores.add_app(c, vault, APP, SECRET, now))
    assert await database.read(lambda c: stores.app_of(c, "shopee")) == APP
    assert await database.read(lambda c: stores.app_secret(c, vault, "shopee")) == SECRET
    # given again it is replaced: a secret is renewed this way
    newer = AppSecret(sign_key="another")
    await database.write(lambda c: stores.add_app(c, vault, APP, newer, now))
    assert await database.read(lambda c: stores.app_secret(c, vault, "shopee")) == newer
    assert await database.read(stores.apps) == [APP]


async def test_an_unknown_app(database, vault):
    with pytest.raises(ConfigurationError, match="no app 'none'"):
        await database.read(lambda c: stores.app_secret(c, vault, "none"))


async def test_stores_come_back_and_change(database, now):
    other = SHOP.model_copy(update={"id": "my", "external_id": "778"})
    await database.write(lambda c: (stores.add_store(c, SHOP, now), stores.add_store(c, other, now)))
    assert await database.read(stores.stores) == [other, SHOP]
    await database.write(lambda c: stores.set_mode(c, "sg", StoreMode.ask))
    await database.write(lambda c: stores.set_state(c, "sg", StoreState.disconnected, "revoked"))
    found = await database.read(lambda c: stores.store_of(c, "sg"))
    assert found == SHOP.model_copy(update={"mode": "ask", "state": "disconnected", "state_reason": "revoked"})
    assert await database.read(lambda c: stores.store_of(c, "my")) == other


@pytest.mark.parametrize("change", [{"external_id": "999"}, {"id": "again"}])
async def test_a_shop_is_connected_once(database, now, change):
    await database.write(lambda c: stores.add_store(c, SHOP, now))
    with pytest.raises(ConfigurationError, match="connected already"):
        await database.write(lambda c: stores.add_store(c, SHOP.model_copy(update=change), now))
    both_sides = SHOP.model_copy(update={"id": "as-buyer", "role": Role.buyer})
    await database.write(lambda c: stores.add_store(c, both_sides, now))


@pytest.mark.parametrize(
    "act",
    [
        lambda c: stores.store_of(c, "none"),
        lambda c: stores.set_mode(c, "none", StoreMode.act),
        lambda c: stores.set_state(c, "none", StoreState.connected, ""),
    ],
)
async def test_an_unknown_store(database, act):
    with pytest.raises(ConfigurationError, match="no store 'none'"):
        await database.write(act)


async def test_a_credential_is_replaced_only_by_whoever_knew_the_last(database, vault):
    def save(credential, version):
        return database.write(lambda c: stores.save_credential(c, vault, "shopee", "777", credential, version))

    def read():
        return database.read(lambda c: stores.credential_of(c, vault, "shopee", "777"))

    newer = CREDENTIAL.model_copy(update={"access_token": "second"})
    assert await read() is None
    assert await save(CREDENTIAL, 0) == 1
    assert await read() == (CREDENTIAL, 1)
    with pytest.raises(Conflict):  # there is one already
        await save(newer, 0)
    assert await save(newer, 1) == 2
    with pytest.raises(Conflict):  # refreshed by another meanwhile
        await save(CREDENTIAL, 1)
    assert await read() == (newer, 2)
    assert await save(CREDENTIAL, None) == 3  # a fresh authorisation replaces all
    assert await read() == (CREDENTIAL, 3)


async def test_another_master_key_says_so(database, vault, now):
    wrong = Vault(bytes(32))
    await database.read(lambda c: stores.check_key(c, wrong))  # nothing sealed yet
    await database.write(lambda c: stores.save_credential(c, vault, "shopee", "777", CREDENTIAL, 0))
    await database.read(lambda c: stores.check_key(c, vault))
    with pytest.raises(ConfigurationError, match="not the key"):
        await database.read(lambda c: stores.check_key(c, wrong))
    with pytest.raises(ConfigurationError, match="not the key"):
        await database.read(lambda c: stores.credential_of(c, wrong, "shopee", "777"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_secret_lies_in_the_files(database, vault, now, tmp_path):
    await database.write(lambda c: stores.add_app(c, vault, APP, SECRET, now))
    await database.write(lambda c: stores.save_credential(c, vault, "shopee", "777", CREDENTIAL, 0))
    content = b"".join(file.read_bytes() for file in tmp_path.glob("gateway.db*"))
    assert b"https://example.test" in content
    assert not [canary for canary in CANARIES if canary in content]


async def test_an_oauth_state_is_used_once_and_in_time(database, now):
    def use(state, at):
        return database.write(lambda c: stores.use_oauth_state(c, state, at))

    state = await database.write(lambda c: stores.new_oauth_state(c, "shopee", now))
    other = await database.write(lambda c: stores.new_oauth_state(c, "shopee", now))
    assert state != other
    assert len(state) >= 40
    assert await use(state, now + timedelta(minutes=10)) == "shopee"
    with pytest.raises(DataError, match="used already"):
        await use(state, now)
    with pytest.raises(DataError, match="too old"):
        await use(other, now + timedelta(minutes=10, microseconds=1))
    with pytest.raises(DataError, match="not one we gave out"):
        await use("invented", now)


async def test_stops_for_one_and_for_all(database, now):
    def stopped(store):
        return database.read(lambda c: stores.stopped(c, store))

    def turn(store, active):
        return database.write(lambda c: stores.set_stop(c, store, active, "anna", now))

    assert await stopped("sg") is False
    await turn("sg", True)
    assert (await stopped("sg"), await stopped("my")) == (True, False)
    await turn("", True)
    await turn("sg", False)
    assert (await stopped("sg"), await stopped("my")) == (True, True)
    assert await database.read(stores.stops) == [
        stores.Stop("", True, "anna", now),
        stores.Stop("sg", False, "anna", now),
    ]
    await turn("", False)
    assert (await stopped("sg"), await stopped("my")) == (False, False)


async def test_shops_of_one_authorisation_share_what_a_refresh_gives(database, vault, now):
    """Each keeps a key of its own beside the tokens; a shop of another authorisation keeps its tokens."""
    await database.write(lambda c: stores.add_app(c, vault, APP, SECRET, now))
    other = CREDENTIAL.model_copy(update={"refresh_token": "canary-another", "access_token": "canary-other"})
    given = {"1": CREDENTIAL, "2": CREDENTIAL.model_copy(update={"extra": {"merchant": "10"}}), "3": other}
    for shop, credential in given.items():
        await database.write(
            lambda c, shop=shop, credential=credential: stores.save_credential(c, vault, "shopee", shop, credential, 0)
        )
    fresh = CREDENTIAL.model_copy(update={"access_token": "canary-fresh", "refresh_token": "canary-fresh-refresh"})

    await database.write(lambda c: stores.save_renewed(c, vault, "shopee", "1", fresh))

    def read(c, shop):
        return stores.credential_of(c, vault, "shopee", shop)[0]

    assert await database.read(lambda c: read(c, "1")) == fresh
    assert await database.read(lambda c: read(c, "2")) == fresh.model_copy(update={"extra": {"merchant": "10"}})
    assert await database.read(lambda c: read(c, "3")) == other
