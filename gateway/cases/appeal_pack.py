"""The appeal pack: one file with all that proves what happened to an order, in the platform's language (XHS-76, 77).

A zip with ``index`` and ``timeline`` (HTML, and both in ``appeal.pdf``), the order as it stands, every evidence file as
it was brought, the decisions with the rules they rest on, and ``manifest.json`` with the hash of each. The same records
give the same bytes. It holds personal data: it is for the platform, and kept no longer than it is needed.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection

from gateway.cases.evidence import Evidence, EvidenceRoom
from gateway.cases.order_sheet import read_for_sheet, sheet_of
from gateway.cases.papers.page import Facts, Grid, Page, html_of
from gateway.cases.papers.pdf import pdf_of
from gateway.cases.papers.words import Words, language_of, when, words_in
from gateway.cases.timeline import Moment, Subject, timeline_of
from gateway.cases.told_decisions import ToldDecision, told_decisions
from gateway.errors import Conflict
from gateway.ledger import points
from gateway.model.store import Store
from gateway.orders.store import StoredOrder
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import EvidenceKind
from gateway.policy.wording.catalog import Language
from gateway.storage.database import Database
from gateway.storage.vault import Vault

_FORMAT = 1
_ASKED_FOR = (EvidenceKind.chat, EvidenceKind.problem, EvidenceKind.order_detail)  # XHS-50, XHS-77


@dataclass(frozen=True, slots=True)
class Pack:
    """A finished pack. ``missing`` are the kinds of evidence that a platform asks for and nobody brought."""

    content: bytes
    files: tuple[str, ...]
    evidence: int
    decisions: int
    missing: tuple[EvidenceKind, ...]
    language: Language


@dataclass(frozen=True, slots=True)
class _Found:
    """What is on record about an order."""

    stored: StoredOrder
    store: Store
    decisions: list[ToldDecision]
    moments: list[Moment]
    points: int


async def make_pack(
    room: EvidenceRoom,
    *,
    database: Database,
    vault: Vault,
    rules: RuleSet,
    store: str,
    order_id: str,
    language: Language | None = None,
) -> Pack:
    """Return the pack of an order, in ``language`` or else in the one its platform reads.

    Raises NotFound for an unknown order, Conflict when its person was erased, DataError when a file of its evidence
    is missing or altered: a pack is whole or not made at all.
    """
    files = await room.on_record(store, order_id)
    if any(file.name is None for file in files):
        raise Conflict(f"The person of order {order_id} was erased: nothing about it can be handed in any more.")
    contents = {file.number: (await room.read(file.number))[1] for file in files}

    def find(c: Connection) -> tuple[_Found, Words]:
        stored, owner = read_for_sheet(c, vault, store, order_id)
        words = words_in(language or language_of(owner))
        told = told_decisions(c, store, order_id, words.texts, rules)
        moments = timeline_of(c, vault, Subject(stored, owner, words), told, files)
        stake = points.at_stake(points.entries_of(c, store), order_id)
        return _Found(stored, owner, told, moments, stake), words

    found, words = await database.read(find)
    return _packed(found, words, files, contents, rules.version)


def _packed(
    found: _Found, words: Words, files: Sequence[Evidence], contents: Mapping[int, bytes], rule_set: str
) -> Pack:
    named = {file.number: _file_name(file) for file in files}
    missing = tuple(kind for kind in _ASKED_FOR if kind not in {file.kind for file in files})
    sheet = sheet_of(found.stored, found.store, rule_set, words.language)
    index = _index(found, words, files, named, missing)
    line = _timeline(found, words)
    whole = Page(index.language, index.title, index.lead, (*index.sections, *line.sections), index.foot)
    parts: dict[str, bytes] = {
        "index.html": html_of(index),
        "timeline.html": html_of(line),
        "order.html": html_of(sheet),
        "appeal.pdf": pdf_of(whole, words.say("undrawn")),
        **{named[file.number]: contents[file.number] for file in files},
    }
    for each in found.decisions:
        told = each.page or words.say("pack.untold", rule_set=each.rule_set)
        parts[f"decisions/{each.name}.txt"] = f"{told}\n".encode()
        parts[f"decisions/{each.name}.json"] = b'{"decision":%b,"scenario":%b}\n' % (each.answer, each.scenario)
    parts["manifest.json"] = _manifest(found, words, files, named, parts)
    kinds = tuple(file.kind for file in files)
    return Pack(_zipped(parts), tuple(sorted(parts)), len(kinds), len(found.decisions), missing, words.language)


def _index(
    found: _Found,
    words: Words,
    files: Sequence[Evidence],
    named: Mapping[int, str],
    missing: Sequence[EvidenceKind],
) -> Page:
    say, zone, order = words.say, ZoneInfo(found.store.time_zone), found.stored.order
    last = found.decisions[-1] if found.decisions else None
    explained = "" if last is None or last.decision is None else words.texts.explain(last.decision.explanation)
    comma = words.texts.say("page.comma")
    about = (
        (say("sheet.order_id"), order.order_id),
        (say("sheet.platform"), words.word("platform", found.store.platform)),
        (say("sheet.store"), found.store.name or found.store.id),
        (say("sheet.phase"), words.word("phase", found.stored.phase)),
        (say("sheet.raw_status"), order.raw_status),
        (say("sheet.placed_at"), when(order.placed_at, zone)),
        (say("sheet.ended_at"), when(order.ended_at, zone)),
        (say("pack.decision"), "" if last is None else words.word("path", last.path)),
        (say("pack.because"), explained),
        (say("pack.points"), str(found.points or "")),
        (say("pack.missing"), comma.join(words.word("evidence", each) for each in missing)),
    )
    proofs = tuple(
        (str(file.number), words.word("evidence", file.kind), file.name or "", when(file.at, zone), file.by,
         named[file.number])
        for file in files
    )  # fmt: skip
    contents = [("index.html", "pack.file_index"), ("timeline.html", "pack.file_timeline"),
                ("order.html", "pack.file_order"), ("appeal.pdf", "pack.file_pdf")]  # fmt: skip
    if found.decisions:
        contents.append(("decisions/", "pack.file_decisions"))
    contents.append(("manifest.json", "pack.file_manifest"))
    return Page(
        words.language,
        say("pack.title", order=order.order_id),
        say("pack.lead", zone=zone.key),
        (
            Facts(say("pack.about"), about),
            Grid(
                say("pack.evidence"),
                tuple(say(f"pack.{each}") for each in ("number", "kind", "name", "added", "by", "file")),
                proofs,
            ),
            Grid(say("pack.files"), (say("pack.file"), say("pack.holds")),
                 tuple((name, say(key)) for name, key in contents)),
        ),
        (say("pack.foot"),),
    )  # fmt: skip


def _timeline(found: _Found, words: Words) -> Page:
    say, zone = words.say, ZoneInfo(found.store.time_zone)
    columns = tuple(say(f"pack.{each}") for each in ("at", "what", "who", "text"))
    rows = tuple((when(each.at, zone), each.what, each.who, each.text) for each in found.moments)
    title = say("pack.timeline", order=found.stored.order.order_id)
    return Page(
        words.language, title, say("pack.lead", zone=zone.key), (Grid(title, columns, rows),), (say("pack.foot"),)
    )


def _manifest(
    found: _Found, words: Words, files: Sequence[Evidence], named: Mapping[int, str], parts: Mapping[str, bytes]
) -> bytes:
    told = {
        "format": _FORMAT,
        "order": found.stored.order.order_id,
        "store": found.store.id,
        "platform": found.store.platform,
        "language": words.language.value,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in parts.items()
        },
        # how each file is named in the gateway's register: by the digest of what is kept there, sealed
        "evidence": [
            {"number": file.number, "kind": file.kind.value, "file": named[file.number], "register_digest": file.digest,
             "media_type": file.media_type, "by": file.by, "at": file.at.isoformat()}
            for file in files
        ],
        "decisions": [{"id": each.id, "file": f"decisions/{each.name}.json", "rule_set": each.rule_set}
                      for each in found.decisions],
    }  # fmt: skip
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"


def _file_name(file: Evidence) -> str:
    return f"evidence/{file.number:04d}-{file.kind.value}{PurePosixPath(file.path).suffix}"


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as pack:
        for name in sorted(parts):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # no time of making: same records, same bytes
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            pack.writestr(entry, parts[name])
    return written.getvalue()
