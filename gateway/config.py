"""The configuration file ``gateway.yaml`` of a data folder. Secrets never stand in it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from gateway.errors import ConfigurationError
from gateway.marked_yaml import Mapping, Mark, Node, Sequence, load
from gateway.model.base import Frozen
from gateway.model.notice import NoticeKind

DATABASE_VARIABLE = "ORDER_GATEWAY_DATABASE_URL"
"""Environment variable that names the database, whatever the configuration says."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=3650)


def _duration(value: object) -> object:
    if isinstance(value, str) and value[-1:] in _UNITS and value.isascii() and value[:-1].isdigit():
        seconds = int(value[:-1][:20]) * _UNITS[value[-1]]
        if seconds > _LONGEST.total_seconds():
            raise ValueError(f"is longer than {_LONGEST.days} days, the longest there may be")
        return timedelta(seconds=seconds)
    if isinstance(value, timedelta):
        return value
    raise ValueError("write a whole number and a unit: 30s, 5m, 2h or 15d")


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class SyncSettings(Frozen):
    """How orders are pulled."""

    every: Duration = timedelta(minutes=1)  # rest between two pulls of a store
    overlap: Duration = timedelta(minutes=5)  # how far each pull reaches back over the last one
    history: Duration = timedelta(days=30)  # how far the first pull of a store reaches back
    reconcile_every: Duration = timedelta(hours=6)
    reconcile_span: Duration = timedelta(days=3)
    absence: Duration = timedelta(hours=12)  # away longer than this: open orders with deadlines come first
    parallel: int = Field(default=8, ge=1, le=32)  # calls in flight for one store


class LogSettings(Frozen):
    """What is written to the log. Always without secrets and personal data."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class ApprovalSettings(Frozen):
    """Whose yes an effect needs. Of high risk: a Xiaohongshu close, lost goods, a cost above the limit."""

    second_person: bool = False  # at high risk two different people must agree
    limit_cny: Decimal = Field(default=Decimal(500), ge=0, max_digits=15)
    leads: tuple[str, ...] = ()  # who may agree at high risk; nobody named: everybody may


def _evidence_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if value and (not separator or not scheme.replace("+", "").replace(":", "").isalnum() or not rest):
        raise ValueError("write a URL, like s3://bucket/evidence or file:///srv/evidence; empty: the data folder")
    if scheme == "memory":
        raise ValueError("memory:// forgets everything when the process ends: name a place that keeps it")
    if "@" in rest.split("/", 1)[0]:
        raise ValueError("leave user and password out: no secret stands in this file; fsspec reads them elsewhere")
    return value


class EvidenceSettings(Frozen):
    """Where evidence files are kept, sealed, and how large one may be."""

    url: Annotated[str, AfterValidator(_evidence_url)] = ""  # any place fsspec knows; empty: the data folder
    max_mb: int = Field(default=20, ge=1, le=24)  # millions of bytes


class StockSettings(Frozen):
    """When stock is low, how often it is looked at, and what goods that are kept are worth."""

    line: int = Field(default=20, ge=0)  # fewer units than this are low (XHS-69)
    lines: dict[str, Annotated[int, Field(ge=0)]] = {}  # store id -> its own line
    every: Duration = timedelta(hours=12)  # between two readings, the suppliers' too (XHS-70)
    look_back: Duration = timedelta(days=30)  # what was sold within this time is read
    worth: Decimal = Field(default=Decimal(0), ge=0, le=1)  # of what bought goods cost, when their sale has ended

    def line_of(self, store: str) -> int:
        """Return the line of a store."""
        return self.lines.get(store, self.line)


def _a_day_at_least(value: timedelta) -> timedelta:
    if value < timedelta(days=1):
        raise ValueError("is shorter than a day: a worker may still hold what was done; write 1d or more")
    return value


class WorkSettings(Frozen):
    """How long the queue remembers work that is done."""

    keep_done: Annotated[Duration, AfterValidator(_a_day_at_least)] = timedelta(days=14)


class NotifyKind(StrEnum):
    """How an address is reached."""

    webhook = "webhook"  # signed as Standard Webhooks describes
    apprise = "apprise"  # whatever the apprise package knows: mail, chats, phones


def _notice_kind(value: str) -> str:
    known = [each.value for each in NoticeKind]
    if value in known:
        return value
    near = get_close_matches(value, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else "."
    raise ValueError(f"no notice is of the kind {value!r}{meant} Kinds: {', '.join(known)}. Without kinds all go there")


class NotifyAddress(Frozen):
    """Where notices go. The URL is a secret: ``url_from`` names what holds it, never the URL itself.

    That is an environment variable (capital letters, digits and ``_``), or a file of mode 600, below the data folder
    unless its path is absolute. So is ``secret_from``, with which a webhook is signed.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    kind: NotifyKind = NotifyKind.webhook
    url_from: Annotated[str, Field(min_length=1)]
    secret_from: str = ""
    kinds: tuple[Annotated[str, AfterValidator(_notice_kind)], ...] = ()  # only notices of these kinds; empty: of all
    stores: tuple[str, ...] = ()  # only of these stores; empty: of all
    level: Literal["info", "warning", "urgent"] = "warning"  # only what matters at least so much
    plain_http: bool = False  # http:// may be called beyond this machine

    @model_validator(mode="after")
    def _is_whole(self) -> NotifyAddress:
        if "://" in self.url_from or "://" in self.secret_from:
            raise ValueError(
                "a URL is a secret: write it to an environment variable or a file of mode 600, and name that here"
            )
        if self.kind is NotifyKind.webhook and not self.secret_from:
            raise ValueError("a webhook is signed: name what holds its secret with secret_from")
        if self.kind is NotifyKind.apprise and self.secret_from:
            raise ValueError("an apprise address has no secret beside its URL: remove secret_from")
        return self


def _named_once(addresses: tuple[NotifyAddress, ...]) -> tuple[NotifyAddress, ...]:
    names = [each.name for each in addresses]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two addresses are called {twice[0]}: give each a name of its own")
    return addresses


class NotifySettings(Frozen):
    """Whom the gateway tells what needs somebody's eyes, and in which language."""

    language: Literal["en", "zh", "ja"] = "en"
    addresses: Annotated[tuple[NotifyAddress, ...], AfterValidator(_named_once)] = ()


_HIDDEN_DIGITS = 4


def _masked(value: str) -> str:
    value = value.strip()
    digits = [at for at, letter in enumerate(value) if letter.isdigit()]
    if "*" in value or len(digits) <= _HIDDEN_DIGITS:
        return value
    first = (len(digits) - _HIDDEN_DIGITS) // 2  # 13812345678: 138****5678
    hidden = set(digits[first : first + _HIDDEN_DIGITS])
    return "".join("*" if at in hidden else letter for at, letter in enumerate(value))


class ContactSettings(Frozen):
    """What a store tells its buyers beside the facts of an order."""

    phone: Annotated[str, AfterValidator(_masked)] = ""  # middle digits are hidden (XHS-33); empty: no phone is named
    coupon: str = ""  # how a coupon is called; empty: by its value in the valuation


def _server_url(value: str) -> str:
    if not value:
        return value
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"postgresql", "postgres"}:
        raise ValueError(
            "write it like postgresql://gateway@db.example.com/gateway; empty: an SQLite file in the data folder"
        )
    user = rest.rpartition("@")[0]
    if ":" in user or "password=" in rest:
        raise ValueError(
            "leave the password out: no secret stands in this file; "
            f"PGPASSWORD or a .pgpass file holds it, or the whole URL stands in {DATABASE_VARIABLE}"
        )
    return "postgresql" + separator + rest


class Configuration(Frozen):
    """Everything that can be set. Every field has a default, so an empty file is a good one."""

    public_url: str = ""  # where sellers and platforms reach this gateway, for callbacks and signatures
    listen: str = "127.0.0.1:8600"  # where the callback server listens
    database: Annotated[str, AfterValidator(_server_url)] = (
        ""  # a PostgreSQL server's; empty: SQLite in the data folder
    )
    clock: str = ""  # a simulator's control URL whose clock to follow; empty: this machine's time
    sync: SyncSettings = SyncSettings()
    valuation: dict[str, dict[str, str | dict[str, str]]] = {}  # store id -> what a cost is worth to it
    approvals: ApprovalSettings = ApprovalSettings()
    stock: StockSettings = StockSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    contact: dict[str, ContactSettings] = {}  # store id -> what its buyers are told
    notify: NotifySettings = NotifySettings()
    work: WorkSettings = WorkSettings()
    log: LogSettings = LogSettings()


TEMPLATE = """\
# Order Gateway. Every setting has a default; what stands behind a '#' shows it.
# public_url: https://gateway.example.com    # where platforms and sellers reach this gateway
# listen: 127.0.0.1:8600                     # where the callback server listens
# database: postgresql://gateway@db.example.com/gateway    # many processes; without it SQLite in this folder
# clock: http://127.0.0.1:9101/_mock         # beside a simulator only: follow its clock
sync:
  every: 1m                # rest between two pulls of a store
  # overlap: 5m            # how far each pull reaches back over the last one
  # history: 30d           # how far the first pull of a store reaches back
  # reconcile_every: 6h
  # reconcile_span: 3d
  # absence: 12h           # away longer than this: open orders with deadlines come first
  # parallel: 8            # calls in flight for one store
# valuation:                                 # what a cost is worth to a store, in its own currency
#   shopee-1234: {penalty_point: "50", rate: "0.75"}    # rate: how much of the currency one CNY buys
# contact:                                   # what a store's buyers are told; the phone's middle digits are hidden
#   xiaohongshu-1234: {phone: "138****5678", coupon: 10元优惠券}
# approvals:                                 # whose yes an effect needs
#   second_person: true    # at high risk two different people must agree; for shops of more than one
#   limit_cny: "500"       # an end that is expected to cost more than this is of high risk, as is lost goods
#   leads: [anna, ben]     # the user names of those who may agree at high risk; nobody named: everybody may
# evidence:
#   url: s3://bucket/evidence    # any place fsspec knows; without it the folder evidence/ beside this file
#   max_mb: 20                   # largest file that is taken
# stock:
#   line: 20               # fewer units than this are low
#   lines: {shopee-1234: 5}                  # a store's own line
#   every: 12h             # between two readings of stock; a supplier's level older than this is told
#   worth: "0"             # share of their cost that bought goods are worth once their sale has ended, 0 to 1
# notify:                                    # who is told what needs somebody's eyes: see `gateway notices test`
#   language: en           # en, zh, ja
#   addresses:             # the URL is a secret: an environment variable holds it, or a file of mode 600
#     - {name: team, kind: webhook, url_from: TEAM_WEBHOOK_URL, secret_from: TEAM_WEBHOOK_SECRET, level: warning}
#     - {name: phone, kind: apprise, url_from: phone.url, kinds: [ship_by_due, answer_by_due], level: urgent}
# work:
#   keep_done: 14d         # how long the queue remembers what was done
log:
  level: info              # debug, info, warning, error
  format: text             # text, json
"""


def read_configuration(file: Path) -> Configuration:
    """Return the configuration in ``file``; a file that is not there means all defaults.

    Raises ConfigurationError naming file, line, field and fix.
    """
    if not file.exists():
        return Configuration()
    tree = load(file.read_text("utf-8"), str(file))
    try:
        return Configuration.model_validate(_plain(tree) or {})
    except ValidationError as error:
        problem = error.errors()[0]
        path = [str(part) for part in problem["loc"]]
        mark = _place(tree, path)
        raise ConfigurationError(f"{mark}: {'.'.join(path)}: {_fix(problem['type'], problem['msg'])}") from None


def _plain(node: Node) -> object:
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return None if node.is_null else node.text


def _place(tree: Node, path: list[str]) -> Mark:
    node: Node = tree
    mark = tree.mark
    for part in path:
        if isinstance(node, Sequence) and part.isdigit() and int(part) < len(node.items):
            node = node.items[int(part)]
            mark = node.mark
            continue
        if not isinstance(node, Mapping) or part not in node.entries:
            break
        mark = node.key_marks[part]
        node = node.entries[part]
    return mark


def _fix(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such setting; remove it or correct its name (`gateway init` writes a file that shows them all)"
    return message.removeprefix("Value error, ")
