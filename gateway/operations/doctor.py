"""Looking a gateway over: each check says what it found and what to do about it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from gateway.cases.automation_file import read_automations
from gateway.cases.effects import EffectState, open_effects
from gateway.cases.notices import notices_like
from gateway.config import read_configuration
from gateway.errors import ConfigurationError, GatewayError
from gateway.model.notice import NoticeKind
from gateway.model.store import StoreState
from gateway.operations.context import Context, DataFolder
from gateway.operations.packages import strangers
from gateway.operations.reach import Reached, reach
from gateway.orders.alerts import open_alerts
from gateway.orders.quarantine import list_open
from gateway.orders.reindex import is_whole
from gateway.storage import migrate
from gateway.storage import stores as rows
from gateway.storage.engines import parse_url
from gateway.storage.process_lock import ProcessLock
from gateway.storage.soundness import damage
from gateway.storage.vault import master_key_of
from gateway.storage.words import has_trigrams
from gateway.sync.gaps import list_gaps

_MOST_SKEW = 60  # seconds; platforms refuse a signature some minutes off, and a clock this wrong gets worse
_RECENT = timedelta(days=7)
_SHOWN = 5  # how many of many are named


class Health(StrEnum):
    """How a check came out."""

    ok = "ok"
    warn = "warn"  # works, but somebody should look
    fail = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found, and what to do (empty when nothing is)."""

    check: str
    state: Health
    found: str
    do: str = ""


async def examine(
    folder: DataFolder, open_to_read: Callable[[], AbstractAsyncContextManager[Context]]
) -> list[Finding]:
    """Check everything a gateway rests on; a check that cannot be made, for an earlier one failed, is left out."""
    findings = [_packages(), _folder(folder)]
    if not folder.path.is_dir():
        return findings
    findings += [_configuration(folder), _key(folder), _revision(folder), _lock(folder)]
    if any(finding.state is Health.fail for finding in findings[1:]):
        return findings
    try:
        async with open_to_read() as context:
            findings.append(await context.database.read(_integrity))
            findings += await context.database.read(_standing)
            findings.append(await context.database.read(lambda c: _settings(c, context)))
            week_ago = context.clock.now() - _RECENT
            findings.append(await context.database.read(lambda c: _late(c, week_ago)))
            apps = await context.database.read(rows.apps)
            findings += [_reached(each) for each in await reach(context, apps)]
    except GatewayError as error:
        findings.append(Finding("opening", Health.fail, str(error), "do what it says, then run `gateway doctor` again"))
    return findings


def _packages() -> Finding:
    strange = strangers()
    if not strange:
        return Finding("packages", Health.ok, "gateway, adapters and mocks are this installation's own")
    return Finding(
        "packages",
        Health.fail,
        "; ".join(strange),
        "install order-gateway into a virtual environment of its own, and remove the other package from this one",
    )


def _folder(folder: DataFolder) -> Finding:
    if not folder.path.is_dir():
        return Finding(
            "data folder", Health.fail, f"{folder.path} does not exist", "run `gateway init`, or name it with --data"
        )
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    if mode & 0o077:
        found = f"{folder.path} is open to other users (mode {mode:o})"
        return Finding("data folder", Health.warn, found, f"run `chmod 700 {folder.path}`")
    if not os.access(folder.path, os.W_OK | os.X_OK):
        found = f"{folder.path} cannot be written by this user"
        return Finding("data folder", Health.fail, found, "run as the user it belongs to")
    return Finding("data folder", Health.ok, f"{folder.path}, mode {mode:o}")


def _configuration(folder: DataFolder) -> Finding:
    try:
        configuration = read_configuration(folder.configuration)
    except ConfigurationError as error:
        return Finding("configuration", Health.fail, str(error), f"edit {folder.configuration}")
    if not folder.configuration.exists():
        return Finding("configuration", Health.warn, "no gateway.yaml: all defaults", "`gateway init` writes one")
    if not configuration.public_url:
        found = "read; no public_url: authorisations come back to this machine only"
        return Finding("configuration", Health.ok, found)
    return Finding("configuration", Health.ok, f"read; public_url {configuration.public_url}")


def _key(folder: DataFolder) -> Finding:
    try:
        master_key_of(os.environ, folder.key)
    except ConfigurationError as error:
        return Finding("key", Health.fail, str(error), "without the key nothing sealed can be opened")
    return Finding("key", Health.ok, "there, and closed to other users; keep a copy elsewhere")


def _revision(folder: DataFolder) -> Finding:
    try:
        found, wanted = migrate.current(folder.database_url), migrate.head()
    except ConfigurationError as error:
        return Finding("database", Health.fail, str(error), "do what it says; a backup may be put back")
    if found == wanted:
        place = f" of {parse_url(folder.database_url)}" if folder.serves_many else ""
        return Finding("database", Health.ok, f"at revision {wanted}{place}")
    if found is None:
        return Finding("database", Health.fail, "not made yet", "run `gateway init`")
    if found not in migrate.known_revisions():
        said = f"at revision {found}, which this version does not know"
        return Finding("database", Health.fail, said, "install the newer version that made it, or restore a backup")
    said = f"at revision {found}, this version needs {wanted}"
    first = "run pg_dump" if folder.serves_many else "run `gateway backup FILE`"
    return Finding("database", Health.fail, said, f"{first}, then `gateway db upgrade`")


def _lock(folder: DataFolder) -> Finding:
    try:
        if folder.serves_many:
            return Finding("process", Health.ok, "the database takes many processes")
    except ConfigurationError as error:
        return Finding("process", Health.fail, str(error), f"edit {folder.configuration}")
    if not folder.lock.exists():
        return Finding("process", Health.ok, "no other process uses the database")
    lock = ProcessLock(folder.lock)
    try:
        lock.take()
    except ConfigurationError as error:
        holder = str(error).partition(":")[0]
        return Finding("process", Health.ok, f"{holder}; a running gateway is as it should be")
    lock.release()
    return Finding("process", Health.ok, "no other process uses the database")


def _integrity(connection: Connection) -> Finding:
    broken = damage(connection)
    if not broken:
        return Finding("integrity", Health.ok, "the database is sound")
    if connection.dialect.name != "sqlite":
        return Finding("integrity", Health.warn, "; ".join(broken), "see the server's postgresql.conf")
    said = f"the database is damaged: {'; '.join(broken[:_SHOWN])}"
    return Finding("integrity", Health.fail, said, "stop the gateway and restore a backup with `gateway restore`")


def _standing(connection: Connection) -> list[Finding]:
    """What waits for a person."""
    stores = rows.stores(connection)
    gone = [store for store in stores if store.state is StoreState.disconnected]
    stops = [stop for stop in rows.stops(connection) if stop.active]
    unknown = [effect for effect in open_effects(connection) if effect.state is EffectState.unknown]
    kept = list_open(connection)
    alerts = open_alerts(connection)
    where = ", ".join(stop.store or "every store" for stop in stops)
    return [
        _count(
            "stores",
            [f"{store.id} ({store.state_reason})" for store in gone],
            f"{len(stores)} connected" if stores else "none yet: `gateway stores connect`",
            "disconnected",
            "run `gateway stores connect --app APP` for each; `gateway stores check` says more",
        ),
        Finding("effects", Health.warn, f"stopped in {where}", "`gateway stop-effects --resume` lets them go on")
        if stops
        else Finding("effects", Health.ok, "not stopped"),
        _count(
            "outcomes",
            [f"{effect.act.order_id} of {effect.store}" for effect in unknown],
            "no effect waits for its outcome",
            "with an outcome not known yet",
            "leave `gateway serve` running: it asks the platform until it knows",
        ),
        _count(
            "quarantine",
            [f"{each.stream} {each.external_id} of {each.store}: {each.reason}" for each in kept],
            "empty",
            "not understood",
            "see `gateway quarantine list`; a newer version may understand them",
        ),
        _count(
            "alerts",
            [f"{each.place} {each.word!r} of {each.store}, {each.times} times" for each in alerts],
            "none",
            "unknown words of a platform",
            "the orders are kept as `unknown`; see `gateway alerts` and report them",
        ),
        _search(connection),
    ]


def _settings(connection: Connection, context: Context) -> Finding:
    """What is set, and does nothing: for it cannot be used, names a store that is not, or came after the start."""
    try:
        read_automations(context.folder.automations)
    except GatewayError as error:
        return Finding("settings", Health.fail, str(error), "no automation acts until it is mended")
    standing = notices_like(connection, kinds={NoticeKind.restart_needed.value})
    late = sorted({str(each.details.get("file")) for each in standing})
    if late:
        found = f"changed while the gateway runs: {', '.join(late)}; it goes on with what stood there at its start"
        return Finding("settings", Health.warn, found, "stop `gateway serve` and start it again")
    told = context.configuration
    named = {*told.valuation, *told.contact, *told.stock.lines}
    named |= {store for address in told.notify.addresses for store in address.stores}
    strange = sorted(named - {store.id for store in rows.stores(connection)})
    if strange:
        found = f"gateway.yaml names stores that are not there: {', '.join(strange[:_SHOWN])}"
        return Finding("settings", Health.warn, found, "correct the names; `gateway stores list` shows them")
    return Finding("settings", Health.ok, "usable, and in use")


def _search(connection: Connection) -> Finding:
    if not is_whole(connection):
        said = "receivers that an earlier version stored are not searchable yet"
        return Finding("search", Health.warn, said, "run `gateway db reindex`, or leave `gateway serve` running")
    if connection.dialect.name != "sqlite":
        return Finding("search", Health.ok, "receivers are indexed, titles are read through")
    if has_trigrams(connection):
        return Finding("search", Health.ok, "receivers and titles are indexed")
    return Finding("search", Health.ok, "receivers are indexed; titles are read through until the gateway next writes")


def _late(connection: Connection, since: datetime) -> Finding:
    late = [gap for gap in list_gaps(connection, limit=1000) if gap.found_at >= since]
    return _count(
        "missed changes",
        [f"{gap.stream} {gap.external_id} of {gap.store}" for gap in late],
        "none in the last week",
        "found by second looks only in the last week; they have been read since",
        "see `gateway gaps`; when they go on, raise `sync.overlap` in gateway.yaml",
    )


def _count(check: str, names: list[str], none: str, what: str, do: str) -> Finding:
    if not names:
        return Finding(check, Health.ok, none)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Finding(check, Health.warn, f"{len(names)} {what}: {'; '.join(names[:_SHOWN])}{more}", do)


def _reached(reached: Reached) -> Finding:
    check = f"platform ({reached.app.id})"
    where = reached.app.base_url
    if reached.trouble:
        do = f"check the network and the name, or correct it with `gateway apps add {reached.app.id} --replace`"
        return Finding(check, Health.fail, f"{where} does not answer ({reached.trouble})", do)
    if reached.skew is None:
        return Finding(check, Health.ok, f"{where} answers")
    seconds = round(reached.skew.total_seconds())
    if abs(seconds) > _MOST_SKEW:
        found = f"{where} answers; this machine's clock is {abs(seconds)} s {'ahead' if seconds > 0 else 'behind'}"
        return Finding(
            check, Health.fail, found, "set the clock right (NTP): the platform refuses signatures that are off"
        )
    return Finding(check, Health.ok, f"{where} answers; clocks agree within {max(abs(seconds), 1)} s")
