"""A notice is told once, says what it says in three languages, and names nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import pytest

from gateway.cases import watch_deadlines, watch_standing
from gateway.cases.notice_words import catalog_in, words_of
from gateway.cases.notices import Level, Notice, key_of, notice_of, notices_like, settle, settle_by_person, tell
from gateway.cases.watch_gone import _HOLDS
from gateway.config import read_configuration
from gateway.errors import ConfigurationError, Conflict, DataError, NotFound
from gateway.model.notice import NoticeKind
from gateway.operations.notices import list_notices, show_notice
from gateway.policy.wording.catalog import Language
from gateway.storage import audit
from tests.kit.office import NOON


def _told(c, key: str, level: Level = Level.warning, store: str = "s1", **details: object) -> bool:
    return tell(
        c, key=key, kind="stock_low", store=store, order_id=None, level=level, details=details, now=NOON
    )  # fmt: skip


async def test_the_same_is_never_told_again_not_even_once_it_is_settled(desk) -> None:
    assert await desk.database.write(lambda c: _told(c, "one")) is True
    assert await desk.database.write(lambda c: _told(c, "one", sku="OTHER")) is False
    assert await desk.database.write(lambda c: settle(c, ["one", "unknown"], NOON)) == 1
    assert await desk.database.write(lambda c: settle(c, ["one"], NOON)) == 0
    assert await desk.database.write(lambda c: _told(c, "one")) is False
    assert await desk.read(notices_like) == []
    (found,) = await desk.read(lambda c: notices_like(c, settled=True))
    assert (found.key, found.settled_at) == ("one", NOON)


async def test_a_person_settles_it_once_and_that_is_on_record(desk) -> None:
    await desk.database.write(lambda c: _told(c, "one"))
    (found,) = await desk.read(notices_like)
    done = await desk.database.write(lambda c: settle_by_person(c, found.id[:6], by="mei", now=NOON))
    assert done.settled_at == NOON
    with pytest.raises(Conflict, match="settled already"):
        await desk.database.write(lambda c: settle_by_person(c, found.id, by="ben", now=NOON))
    entry = (await desk.read(lambda c: audit.latest(c, 1)))[0]
    assert (entry.who, entry.what, entry.details["notice"]) == ("mei", "notice_settled", found.id)


async def test_notices_are_found_by_what_they_are(desk) -> None:
    def act(c) -> None:
        _told(c, "a", Level.info)
        _told(c, "b", Level.warning, "s2")
        _told(c, "c", Level.urgent, "")

    await desk.database.write(act)
    assert {each.key for each in await desk.read(notices_like)} == {"a", "b", "c"}
    assert {each.key for each in await desk.read(lambda c: notices_like(c, lowest=Level.warning))} == {"b", "c"}
    assert {each.key for each in await desk.read(lambda c: notices_like(c, stores=["s1"]))} == {"a", "c"}
    assert await desk.read(lambda c: notices_like(c, kinds=["other"])) == []
    assert len(await desk.read(lambda c: notices_like(c, limit=2))) == 2
    with pytest.raises(NotFound):
        await desk.read(lambda c: notice_of(c, "ab"))
    with pytest.raises(NotFound):
        await desk.read(lambda c: notice_of(c, "zzzzzz"))


async def test_they_are_listed_in_the_language_that_is_set(office) -> None:
    await office.write(lambda c: _told(c, "one", store="blue", sku="CUP", quantity=3, line=20))
    (listed,) = await list_notices(office.context)
    assert listed.title == "Stock is low: CUP"
    office.configure(notify={"language": "zh"})
    (listed,) = await list_notices(office.context, store="blue")
    assert (listed.title, listed.text) == (
        "库存不足：CUP", "店铺 blue 的 CUP 只剩 3 件，低于 20。`gateway stock list`"
    )  # fmt: skip
    assert await list_notices(office.context, store="red") == []
    shown = await show_notice(office.context, listed.notice.id[:8], language=Language.ja)
    assert (shown.title, shown.deliveries, shown.gone) == ("在庫わずか：CUP", [], [])


async def test_an_id_that_names_several_is_refused(desk, monkeypatch) -> None:
    ids = iter(["abcd1", "abcd2"])
    monkeypatch.setattr("gateway.cases.notices.uuid.uuid4", lambda: type("Id", (), {"hex": next(ids)}))
    await desk.database.write(lambda c: (_told(c, "a"), _told(c, "b")))
    with pytest.raises(DataError, match="give more of the id"):
        await desk.read(lambda c: notice_of(c, "abcd"))


def test_a_key_fits_its_column_and_stays_its_own() -> None:
    assert key_of("ship_by", "s", "A", 80) == "ship_by:s:A:80"
    long = [key_of("x", "a" * 300, end) for end in ("1", "2")]
    assert [len(each) for each in long] == [200, 200]
    assert long[0] != long[1]


def test_every_kind_has_its_words_in_every_language_with_the_same_slots() -> None:
    def slots(words: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(words) if name}

    english = catalog_in(Language.en)
    for language in Language:
        told = catalog_in(language)
        assert told.keys() == english.keys()
        for kind, words in told.items():
            assert slots(words.text) == slots(english[kind].text), (language, kind)
            assert slots(words.title) == slots(english[kind].title), (language, kind)
    assert watch_deadlines.KINDS | watch_standing.KINDS | set(_HOLDS) <= english.keys()


def test_instants_and_what_is_missing_are_spelt_for_people() -> None:
    at = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    details = {"by": (at + timedelta(hours=9)).isoformat()}
    notice = Notice("i", "k", "ship_by_soon", "blue", "A-1", Level.warning, details, at, None)
    assert "must be shipped by 2026-11-20 21:30 UTC;" in words_of(notice, Language.en).text
    stale = Notice("i", "k", "purchase_orphaned", "ali", "P", Level.warning, {"sales": ""}, at, None)
    assert "are over: -." in words_of(stale, Language.en).text
    unknown = Notice("i", "k", "some_day", "ali", None, Level.warning, {"x": 1}, at, None)
    assert words_of(unknown, Language.en).text == "order: - store: ali x: 1"


def test_an_address_chooses_among_the_kinds_there_are() -> None:
    assert {each.value for each in NoticeKind} == set(catalog_in(Language.en))


@pytest.mark.parametrize(
    ("kinds", "line", "says"),
    [
        ("[ship_by_due, ship_by_du]", 5, "kinds.1: no notice is of the kind 'ship_by_du'; did you mean ship_by_due?"),
        ("[everything]", 5, "kinds.0: no notice is of the kind 'everything'. Kinds: ship_by_soon, "),
        ("\n        - stock_low\n        - Stock_low", 7, "kinds.1: no notice is of the kind 'Stock_low'"),
    ],
)
def test_a_kind_nobody_knows_is_refused_where_it_stands(kinds: str, line: int, says: str, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(
        "notify:\n  addresses:\n    - name: team\n      url_from: T"
        f"\n      kinds: {kinds}\n      secret_from: S\n"
    )  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(file)
    assert str(caught.value).startswith(f"{file}, line {line}")
    assert f"notify.addresses.0.{says}" in str(caught.value)
