"""Apps, stores, their credentials and authorisations, and the switches that stop effects."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from gateway.errors import ConfigurationError, Conflict, DataError
from gateway.model.store import App, AppSecret, Credential, Role, Store, StoreMode, StoreState
from gateway.storage import schema
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.statements import insert_new, upsert
from gateway.storage.vault import Vault

OAUTH_LIFETIME = timedelta(minutes=10)

# Statements are made once: making one costs more than running it.
_STORE = select(schema.stores).where(schema.stores.c.id == bindparam("the_id"))
_APP = select(schema.apps).where(schema.apps.c.id == bindparam("the_id"))
_STOPPED = select(schema.stops.c.store).where(
    schema.stops.c.active, or_(schema.stops.c.store == "", schema.stops.c.store == bindparam("the_store"))
)


@dataclass(frozen=True, slots=True)
class Stop:
    """A switch that forbids effects while ``active``: of one store, or of all when ``store`` is empty."""

    store: str
    active: bool
    by: str
    at: datetime


def add_app(connection: Connection, vault: Vault, app: App, secret: AppSecret, now: datetime) -> None:
    """Store an app, or replace the one of the same id; its secret is sealed with the master key."""
    sealed = vault.wrap(secret.model_dump_json().encode(), _secret_label(app.id))
    row = {**app.model_dump(), "sealed_secret": sealed, "created_at": to_micros(now)}
    connection.execute(upsert(connection, schema.apps, keep=("created_at",)), row)


def app_of(connection: Connection, app: str) -> App:
    """Return an app. Raises ConfigurationError when there is none of that id."""
    return _app(_app_row(connection, app))


def apps(connection: Connection) -> list[App]:
    """Return every app, by id."""
    return [_app(row) for row in connection.execute(select(schema.apps).order_by(schema.apps.c.id))]


def app_secret(connection: Connection, vault: Vault, app: str) -> AppSecret:
    """Return what an app signs with. Raises ConfigurationError for an unknown app or a wrong master key."""
    sealed = _app_row(connection, app).sealed_secret
    return AppSecret.model_validate_json(vault.unwrap(sealed, _secret_label(app)))


def add_store(connection: Connection, store: Store, now: datetime) -> None:
    """Store a new shop. Raises ConfigurationError when its id, or the shop in the same role, is there already."""
    row = {**store.model_dump(mode="json"), "created_at": to_micros(now)}
    if connection.execute(insert_new(connection, schema.stores), row).rowcount == 0:
        raise ConfigurationError(
            f"the store {store.id!r} ({store.platform} shop {store.external_id}, as {store.role}) cannot be added: its "
            "name is taken or the shop is connected already; see `gateway stores list`"
        )


def stores(connection: Connection) -> list[Store]:
    """Return every store, by id."""
    return [_store(row) for row in connection.execute(select(schema.stores).order_by(schema.stores.c.id))]


def store_of(connection: Connection, store: str) -> Store:
    """Return a store. Raises ConfigurationError when there is none of that id."""
    row = connection.execute(_STORE, {"the_id": store}).one_or_none()
    if row is None:
        raise _no_store(store)
    return _store(row)


def set_mode(connection: Connection, store: str, mode: StoreMode) -> None:
    """Set how far the gateway may go in a store. Raises ConfigurationError as `store_of`."""
    _change_store(connection, store, mode=mode.value)


def set_state(connection: Connection, store: str, state: StoreState, reason: str) -> None:
    """Set whether a store's authorisation works, and why not. Raises ConfigurationError as `store_of`."""
    _change_store(connection, store, state=state.value, state_reason=reason)


def credential_of(connection: Connection, vault: Vault, app: str, external_id: str) -> tuple[Credential, int] | None:
    """Return a shop's credential and its version, or None when it was never authorised.

    Raises ConfigurationError when the master key does not open it.
    """
    row = connection.execute(
        select(schema.credentials.c.sealed, schema.credentials.c.version).where(
            schema.credentials.c.app == app, schema.credentials.c.external_id == external_id
        )
    ).one_or_none()
    if row is None:
        return None
    plain = vault.unwrap(row.sealed, _credential_label(app, external_id))
    return Credential.model_validate_json(plain), row.version


def credential_version(connection: Connection, app: str, external_id: str) -> int | None:
    """Return the version of a shop's credential, None when it was never authorised. Nothing is opened."""
    table = schema.credentials
    mine = (table.c.app == app) & (table.c.external_id == external_id)
    return connection.execute(select(table.c.version).where(mine)).scalar_one_or_none()


def save_credential(
    connection: Connection,
    vault: Vault,
    app: str,
    external_id: str,
    credential: Credential,
    expected_version: int | None,
) -> int:
    """Store a credential over the one of ``expected_version`` and return its version.

    0 means there is none yet; None means over whatever is there (a fresh authorisation replaces all before it).
    Raises Conflict when the stored one is another: somebody refreshed meanwhile, and theirs is the good one.
    """
    table = schema.credentials
    this = (table.c.app == app) & (table.c.external_id == external_id)
    if expected_version is None:
        stored = connection.execute(select(table.c.version).where(this)).scalar_one_or_none()
        expected_version = stored or 0
    version = expected_version + 1
    row = {
        "sealed": vault.wrap(credential.model_dump_json().encode(), _credential_label(app, external_id)),
        "expires_at": to_micros(credential.expires_at),
        "version": version,
    }
    if expected_version == 0:
        written = connection.execute(
            insert_new(connection, table), {"app": app, "external_id": external_id, **row}
        ).rowcount
    else:
        written = connection.execute(
            update(table).where(this, table.c.version == expected_version).values(row)
        ).rowcount
    if written == 0:
        raise Conflict(
            f"the credential of shop {external_id} (app {app}) was changed meanwhile: read it again and use it"
        )
    return version


def save_renewed(connection: Connection, vault: Vault, app: str, external_id: str, credential: Credential) -> None:
    """Store a shop's renewed credential, and its tokens for all shops of the app that had the same ones before.

    One authorisation may open several shops; its refresh token may be good for one use only.
    """
    kept = credential_of(connection, vault, app, external_id)
    save_credential(connection, vault, app, external_id, credential, kept[1] if kept else None)
    if kept is None or not kept[0].refresh_token:
        return
    column = schema.credentials.c.external_id
    others = select(column).where(schema.credentials.c.app == app, column != external_id).order_by(column)
    for other in connection.execute(others).scalars().all():
        found = credential_of(connection, vault, app, other)
        if found is not None and found[0].refresh_token == kept[0].refresh_token:
            shared = credential.model_copy(update={"extra": found[0].extra})
            save_credential(connection, vault, app, other, shared, found[1])


def new_oauth_state(connection: Connection, app: str, now: datetime, lifetime: timedelta = OAUTH_LIFETIME) -> str:
    """Return a fresh random word that an authorisation's callback must bring back within ``lifetime``, once."""
    state = secrets.token_urlsafe(32)
    row = {"state": state, "app": app, "created_at": to_micros(now), "expires_at": to_micros(now + lifetime)}
    connection.execute(insert(schema.oauth_states), row)
    return state


def use_oauth_state(connection: Connection, state: str, now: datetime) -> str:
    """Return the app that ``state`` was made for, and use it up.

    Raises DataError when it is unknown, used or too old.
    """
    table = schema.oauth_states
    row = connection.execute(select(table).where(table.c.state == state)).one_or_none()
    if row is None or row.used_at is not None or row.expires_at < to_micros(now):
        why = (
            "is not one we gave out" if row is None else "was used already" if row.used_at is not None else "is too old"
        )
        raise DataError(f"the authorisation's state {why}: open a fresh link from `gateway stores connect`")
    connection.execute(update(table).where(table.c.state == state).values(used_at=to_micros(now)))
    app: str = row.app
    return app


def set_stop(connection: Connection, store: str, active: bool, by: str, at: datetime) -> None:
    """Forbid (or allow again) effects in a store, or with ``store`` empty in all of them. Survives a restart."""
    row = {"store": store, "by": by, "active": active, "at": to_micros(at)}
    connection.execute(upsert(connection, schema.stops), row)


def stopped(connection: Connection, store: str) -> bool:
    """Return whether effects in ``store`` are forbidden, by its own switch or by the one for all."""
    return connection.execute(_STOPPED, {"the_store": store}).first() is not None


def stops(connection: Connection) -> list[Stop]:
    """Return every switch that was ever set and how it stands, the one for all stores first."""
    rows = connection.execute(select(schema.stops).order_by(schema.stops.c.store))
    return [Stop(row.store, row.active, row.by, from_micros(row.at)) for row in rows]


def check_key(connection: Connection, vault: Vault) -> None:
    """Raise ConfigurationError when the master key is not the one this database was sealed with.

    Opens one sealed value of each kind there is; an empty database accepts every key.
    """
    for app in connection.execute(select(schema.apps).limit(1)):
        vault.unwrap(app.sealed_secret, _secret_label(app.id))
    for row in connection.execute(select(schema.credentials).limit(1)):
        vault.unwrap(row.sealed, _credential_label(row.app, row.external_id))


def _secret_label(app: str) -> str:
    return f"apps\n{app}"


def _credential_label(app: str, external_id: str) -> str:
    return f"credentials\n{app}\n{external_id}"


def _app_row(connection: Connection, app: str) -> Row[Any]:
    row = connection.execute(_APP, {"the_id": app}).one_or_none()
    if row is None:
        raise ConfigurationError(f"there is no app {app!r}: add it with `gateway stores connect`")
    return row


def _app(row: Row[Any]) -> App:
    return App(id=row.id, platform=row.platform, key=row.key, base_url=row.base_url)


def _store(row: Row[Any]) -> Store:
    return Store(
        id=row.id,
        app=row.app,
        platform=row.platform,
        external_id=row.external_id,
        role=Role(row.role),
        region=row.region,
        currency=row.currency,
        time_zone=row.time_zone,
        name=row.name,
        mode=StoreMode(row.mode),
        state=StoreState(row.state),
        state_reason=row.state_reason,
    )


def _change_store(connection: Connection, store: str, **values: str) -> None:
    statement = update(schema.stores).where(schema.stores.c.id == store).values(values)
    if connection.execute(statement).rowcount == 0:
        raise _no_store(store)


def _no_store(store: str) -> ConfigurationError:
    return ConfigurationError(f"there is no store {store!r}: see `gateway stores list`")
