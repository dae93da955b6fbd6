"""`make bench`: the measurements, as ratios within one run, against their targets.

`--quick` runs the same with fewer orders and rounds, to see that all of it works; its ratios say little.
`--json FILE` writes the figures too. The exit code is 1 when a target is missed, except with `--quick`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import deciding, normalise, receiver, search
from tests.bench.processes import Measured, canned_server, pull_in_process


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    orders: int
    pull_rounds: int
    pages: int
    normalise_rounds: int
    push_rounds: int
    pushes: int
    searched: int
    search_turns: int
    decided: int
    decide_rounds: int
    turns: int
    turn_rounds: int
    waiting: int
    take_overs: int


FULL = Size(
    orders=20_000,
    pull_rounds=3,
    pages=40,
    normalise_rounds=9,
    push_rounds=5,
    pushes=8_000,
    searched=1_000_000,
    search_turns=7,
    decided=20_000,
    decide_rounds=5,
    turns=3_000,
    turn_rounds=3,
    waiting=50_000,
    take_overs=3,
)
QUICK = Size(
    orders=2_000,
    pull_rounds=1,
    pages=8,
    normalise_rounds=3,
    push_rounds=2,
    pushes=1_000,
    searched=20_000,
    search_turns=2,
    decided=3_000,
    decide_rounds=2,
    turns=200,
    turn_rounds=1,
    waiting=2_000,
    take_overs=1,
)


@dataclass(slots=True)
class Line:
    """One row of the table. ``target`` None: shown beside the others, nothing is promised."""

    name: str
    ours: str
    peer: str
    ratio: float
    target: float | None = None
    cpu_ratio: float | None = None
    rounds: list[dict[str, float]] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.ratio >= self.target


def normalising(size: Size) -> list[Line]:
    """Compare the layouts; orders per second of CPU."""
    theirs, bare, ours = normalise.measure(rounds=size.normalise_rounds, page_count=size.pages)

    def line(name: str, peer: normalise.Layout, target: float | None) -> Line:
        rounds = [{"ours": one, "peer": other} for one, other in zip(ours.rounds, peer.rounds, strict=True)]
        ratio = statistics.median(each["ours"] / each["peer"] for each in rounds)
        return Line(name, _per_second(ours), _per_second(peer), ratio, target, ratio, rounds)

    return [
        line("normalise / textbook pydantic, raw words kept by both, each with its own collector", theirs, 2.5),
        line("normalise, raw words kept / textbook pydantic, without them, our collector for both", bare, None),
    ]


def searching(size: Size) -> list[Line]:
    """Time the first page of each search against what a person waits for without noticing: 100 ms."""
    allowed = 0.1
    with tempfile.TemporaryDirectory() as folder:
        timed = search.all_of(Path(folder, "gateway.db"), size.searched, size.search_turns)
    return [
        Line(
            f"search {size.searched:,} orders: {each.name}",
            f"{each.seconds * 1000:.1f} ms, {each.found} shown",
            f"{allowed * 1000:.0f} ms allowed",
            allowed / each.seconds,
            1.0,
        )
        for each in timed
    ]


def decisions(size: Size) -> list[Line]:
    """Count decisions a second against what is promised."""
    with tempfile.TemporaryDirectory() as folder:
        measured = [
            deciding.through_the_api(size.decided, size.decide_rounds),
            *deciding.without_text(size.decided, size.decide_rounds),
            deciding.through_the_command(size.decided, size.decide_rounds, Path(folder)),
        ]
    return [
        Line(
            each.name,
            f"{statistics.median(each.rounds):,.0f}",
            f"{each.allowed:,} promised" if each.is_promised else "-",
            statistics.median(each.rounds) / each.allowed,
            1.0 if each.is_promised else None,
            rounds=[{"ours": one} for one in each.rounds],
        )
        for each in measured
    ]


def cases(size: Size) -> list[Line]:
    """Measure the cases: turns, many that wait, a worker's death; on SQLite and on PostgreSQL."""
    # Imported here: PostgreSQL's packages are not needed for the other measurements.
    from tests.bench import cases as measured  # noqa: PLC0415 - see above
    from tests.kit.postgresql import running_server  # noqa: PLC0415 - see above

    lines: list[Line] = []

    def rate(name: str, taken: Sequence[measured.Turns], promised: int | None) -> Line:
        speed = statistics.median(each.per_cpu_second for each in taken)
        server = statistics.median(each.server_cpu / each.turns for each in taken)
        wall = statistics.median(each.turns / each.wall for each in taken)
        ours = f"{speed:,.0f}/CPU s, {wall:,.0f}/s" + (f", server {server * 1e6:,.0f} us each" if server else "")
        rounds = [asdict(each) for each in taken]
        target = None if promised is None else 1.0
        peer = "-" if promised is None else f"{promised:,} promised"
        return Line(name, ours, peer, speed / (promised or speed), target, rounds=rounds)

    def at_most(name: str, value: float, allowed: float, unit: str) -> Line:
        return Line(name, f"{value:.1f} {unit}", f"{allowed:g} {unit} allowed", allowed / max(value, 0.001), 1.0)

    def on(kind: str, make_url: Callable[[], str], promised: int) -> None:
        with canned_server(1, 0.0) as canned:
            for with_call, name, target in (
                (False, f"turn without a platform call, {kind}", promised),
                (True, f"full turn (one read, decide, commit), {kind}", 250),
            ):
                rounds = range(size.turn_rounds)
                taken = [measured.turns(make_url(), canned, size.turns, with_call=with_call) for _ in rounds]
                lines.append(rate(name, taken, target))
        many = measured.waiting(make_url, size.waiting, looks=200)
        lines.append(at_most(f"{size.waiting:,} waiting cases, {kind}: memory grows by", many.grown, 50, "MB"))
        lines.append(
            at_most(
                f"{size.waiting:,} waiting cases, {kind}: CPU of an empty poll, the server's included",
                many.poll * 1000,
                5,
                "ms",
            )
        )

    with tempfile.TemporaryDirectory(prefix="order-gateway-bench-") as folder:
        on("SQLite", lambda: f"sqlite:///{tempfile.mkdtemp(dir=folder)}/gateway.db", 1_000)
    with running_server() as server:
        on("PostgreSQL", server.empty, 700)
        took = measured.take_over(server.empty(), size.take_overs)
        lines.append(at_most("a killed worker's work is in other hands after at most", max(took), 10, "s"))
        beside = receiver.measure_on_server(server.empty(), rounds=size.push_rounds, count=size.pushes)
        line = _received(
            "receiver on PostgreSQL, CPU: bare aiohttp + HMAC / ours", beside.ours, beside.bare, 0.55, by_cpu=True
        )
        line.ours += f"; the database server {statistics.median(beside.database) * 1e6:.0f} us CPU"
        lines.append(line)
    return lines


def syncing() -> list[Line]:
    """Measure in virtual time how near stores come to their limits, and how little a sick one delays the others."""
    # Imported here: simulators and adapters of all platforms would be in the way of the other measurements.
    from tests.kit.sync_numbers import ANSWER, ILL, SUBJECTS, Neighbours, neighbours, pace  # noqa: PLC0415 - see above

    async def at_the_limit(platform: str) -> Line:
        with tempfile.TemporaryDirectory() as folder:
            measured = await pace(SUBJECTS[platform], Path(folder))
        if measured.refused or measured.ended is not None:
            raise AssertionError(f"{platform}: {measured.refused} calls refused, ended: {measured.ended}")
        name = f"{platform}: calls of a virtual minute, {ANSWER} s an answer, none refused / its limit"
        return Line(name, f"{measured.passed} calls", f"{measured.allowed:.0f} allowed", measured.share, 0.95)

    def delayed(name: str, alone: Neighbours, beside: Neighbours) -> Line:
        ratio = min(alone.done[store] / beside.done[store] for store in alone.done)
        last, first = max(beside.done.values()), max(alone.done.values())
        return Line(name, f"{last:.1f} virtual s", f"{first:.1f} virtual s", ratio, round(1 / 1.1, 3))

    async def all_of_it() -> list[Line]:
        lines = [await at_the_limit(platform) for platform in SUBJECTS]
        alone = await neighbours(())
        one, three = await neighbours(ILL), await neighbours(ILL, slow=ILL)
        return [
            *lines,
            delayed("healthy stores alone / beside one slow (5 s), one refused, one gone", alone, one),
            delayed("healthy stores alone / beside three slow ones (5 s)", alone, three),
        ]

    return asyncio.run(all_of_it())


def _per_second(layout: normalise.Layout) -> str:
    return f"{layout.orders_per_second:,.0f} orders/CPU s"


ROADS = {
    "whole": ("ours", "--road", "whole"),
    "shopee": ("ours", "--road", "shopee"),
    "chain": ("ours", "--road", "whole", "--parallel", "1"),
    "peer": ("peer",),
}


def pulling(size: Size, latency: float, target: float) -> list[Line]:
    """Compare our pull with dlt's, in turns over one server."""
    taken: dict[str, list[Measured]] = {road: [] for road in ROADS}
    with canned_server(size.orders, latency) as url:
        for turn in range(size.pull_rounds):
            for road, (module, *more) in ROADS.items():
                measured = pull_in_process(module, url, size.orders, *more)
                taken[road].append(measured)
                _say(f"  {latency * 1000:.0f} ms, round {turn + 1}, {road}: {_seconds(measured)}")
    where = f"{latency * 1000:.0f} ms a page" if latency else "no latency"

    def line(name: str, road: str, promised: float | None) -> Line:
        pairs = list(zip(taken[road], taken["peer"], strict=True))
        return Line(
            f"{name}, {where}",
            _seconds(_median(taken[road])),
            _seconds(_median(taken["peer"])),
            statistics.median(peer.wall / ours.wall for ours, peer in pairs),
            promised,
            statistics.median(peer.cpu / ours.cpu for ours, peer in pairs),
            [
                {"ours": ours.wall, "ours_cpu": ours.cpu, "peer": peer.wall, "peer_cpu": peer.cpu}
                for ours, peer in pairs
            ],
        )

    return [
        line("pull + validate + upsert / dlt", "whole", target),
        line("the same, one page after the other / dlt", "chain", None),
        line("the same through the Shopee adapter / dlt", "shopee", None),
    ]


def receiving(size: Size) -> list[Line]:
    """Compare the receiver with a bare handler by CPU, and with the do-it-yourself one by requests a second."""
    taken = receiver.measure(rounds=size.push_rounds, count=size.pushes, peer_count=max(200, size.pushes // 20))
    ours = taken["ours"]
    lines = [_received("receiver, CPU: bare aiohttp + HMAC / ours, on disk", ours, taken["bare"], 0.55, by_cpu=True)]
    if "peer" in taken:
        name = "receiver, requests/s: ours / FastAPI + SQLAlchemy, a commit each"
        lines.append(_received(name, ours, taken["peer"], 10.0, by_cpu=False))
    else:
        _say("  FastAPI, uvicorn and aiosqlite are not installed here: the do-it-yourself receiver is not measured")
    return lines


def _received(
    name: str, ours: Sequence[receiver.Load], peer: Sequence[receiver.Load], target: float, *, by_cpu: bool
) -> Line:
    pairs = list(zip(ours, peer, strict=True))
    cpu = statistics.median(theirs.cpu / mine.cpu for mine, theirs in pairs)
    speed = statistics.median(mine.per_second / theirs.per_second for mine, theirs in pairs)
    rounds = [
        {"ours": mine.per_second, "ours_cpu": mine.cpu, "ours_p99": mine.p99}
        | {"peer": theirs.per_second, "peer_cpu": theirs.cpu, "peer_p99": theirs.p99}
        for mine, theirs in pairs
    ]
    return Line(name, _taken(ours), _taken(peer), cpu if by_cpu else speed, target, cpu, rounds)


def _taken(loads: Sequence[receiver.Load]) -> str:
    cpu, speed, p99 = (
        statistics.median(getattr(load, name) for load in loads) for name in ("cpu", "per_second", "p99")
    )
    return f"{cpu * 1e6:.0f} us CPU, {speed:,.0f}/s, p99 {p99 * 1e3:.0f} ms"


def _median(several: Sequence[Measured]) -> Measured:
    return Measured(statistics.median(one.wall for one in several), statistics.median(one.cpu for one in several))


def _seconds(measured: Measured) -> str:
    return f"{measured.wall:.2f} s (CPU {measured.cpu:.2f} s)"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(lines: Sequence[Line], size: Size) -> None:
    table = Table(title=f"{size.orders:,} orders of 3.3 KB; medians of interleaved rounds")
    for heading in ("measured", "ours", "peer", "ratio", "CPU ratio", "target", "met"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        met = "-" if line.met is None else "yes" if line.met else "NO"
        cpu = "-" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}x"
        target = "-" if line.target is None else f">= {line.target:g}x"
        table.add_row(line.name, line.ours, line.peer, f"{line.ratio:.2f}x", cpu, target, met)
    console = Console()
    Console(width=console.width if console.is_terminal else 150).print(table)


PARTS = ("normalise", "receiver", "search", "decide", "cases", "sync", "pull")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer orders and rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    arguments = parser.parse_args()
    if arguments.only in {None, "pull"} and find_spec("dlt") is None:
        parser.error("dlt is not installed here: `make bench` installs it; `--only` with another part needs none")
    size = QUICK if arguments.quick else FULL
    lines: list[Line] = []
    if arguments.only in {None, "normalise"}:
        _say("normalise ...")
        lines += normalising(size)
    if arguments.only in {None, "receiver"}:
        _say("receiver ...")
        lines += receiving(size)
    if arguments.only in {None, "search"}:
        _say(f"search, {size.searched:,} orders ...")
        lines += searching(size)
    if arguments.only in {None, "decide"}:
        _say(f"decide, {size.decided:,} scenarios ...")
        lines += decisions(size)
    if arguments.only in {None, "cases"}:
        _say(f"cases, {size.turns:,} turns, {size.waiting:,} that wait ...")
        lines += cases(size)
    if arguments.only in {None, "sync"}:
        _say("sync, in virtual time ...")
        lines += syncing()
    if arguments.only in {None, "pull"}:
        _say("pull + validate + upsert ...")
        lines += pulling(size, 0.0, 4.0)
        lines += pulling(size, 0.02, 6.0)
    _show(lines, size)
    if arguments.json is not None:
        figures = [asdict(line) | {"met": line.met} for line in lines]
        arguments.json.write_text(
            json.dumps({"quick": arguments.quick, "size": asdict(size), "lines": figures}, indent=2)
        )
    return 1 if not arguments.quick and any(line.met is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
