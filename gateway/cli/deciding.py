"""``gateway decide``: what the rules say, about a scenario in a file or about an order that is stored."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import StoreOption
from gateway.cli.output import print_json
from gateway.cli.session import Access, Session, with_session
from gateway.errors import DataError
from gateway.policy.terms import Reason
from gateway.policy.wording.catalog import Language, texts_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.cases.upstream import Upstream
    from gateway.operations.deciding import Answer
    from gateway.policy.rule_set import RuleSet
    from gateway.policy.setting import Setting
    from gateway.policy.wording.catalog import Texts

_STDIN = "standard input"
_TIMES = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M%z"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decide")(decide)


@with_session
def decide(  # noqa: PLR0913, PLR0917 - one argument for each option
    session: Session,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE|-", help="A scenario, JSON or YAML; `-` reads standard input.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="FILE holds one scenario a line, JSON; one decision a line comes out.")
    ] = False,
    order: Annotated[
        str | None, typer.Option("--order", metavar="ID", help="An order that is stored, instead of a FILE.")
    ] = None,
    store: StoreOption = None,
    reason: Annotated[
        Reason | None,
        typer.Option(
            help="The true reason why the order should end.  [default: the open request's]", show_default=False
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", formats=_TIMES, metavar="TIME", help="The instant, like 2026-03-10T12:00+08:00. Else now."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Change a fact, like order.stock_available=false; may repeat."
        ),
    ] = None,
    show_scenario: Annotated[bool, typer.Option("--show-scenario", help="Also print the exact scenario.")] = False,
    store_rules: Annotated[
        Path | None,
        typer.Option("--store-rules", metavar="FILE", help="A store's own values, laid over the platform's rules."),
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="The language of the explanation.")] = Language.en,
) -> None:
    """Say the cheapest path the rules allow, with costs, next step and rules. Changes nothing, asks no platform."""
    from gateway.policy.setting import read_setting

    settings = [read_setting(each) for each in changes or ()]
    if (file is None) == (order is None):
        raise typer.BadParameter("Give a FILE with a scenario (- for standard input), or --order ID; not both.")
    if order is not None:
        if batch:
            raise typer.BadParameter("--batch reads scenarios from a FILE; it does not go with --order.")
        by = _rules(store_rules) if store_rules is not None else None
        answer = _of_order(session, order, store, reason, at, settings, by)
        _show_answer(session, answer, texts_in(lang), show_scenario=show_scenario)
        return
    for given, name in ((store, "--store"), (reason, "--reason"), (at, "--at")):
        if given is not None:
            raise typer.BadParameter(f"{name} goes with --order. In a scenario, --set changes a fact.")
    if batch:
        if settings or show_scenario:
            raise typer.BadParameter("--set and --show-scenario are for a single scenario.")
        _decide_batch(session, str(file), texts_in(lang), store_rules)
    else:
        by = _rules(store_rules)
        _decide_file(session, str(file), settings, texts_in(lang), by, show_scenario=show_scenario)


def _decide_file(
    session: Session, file: str, settings: Sequence[Setting], texts: Texts, rules: RuleSet, *, show_scenario: bool
) -> None:
    from gateway.policy.decide import decide as decided
    from gateway.policy.decision import canonical_bytes
    from gateway.policy.parse import decoded, parse_scenario
    from gateway.policy.scenario import scenario_object
    from gateway.policy.setting import with_settings
    from gateway.policy.wording.page import Told

    name, raw = _read(file)
    scenario = with_settings(parse_scenario(decoded(raw, name), name), settings)
    decision = decided(scenario, rules)
    if not session.json:
        typer.echo(Told(decision, scenario, rules, texts).page())
        if show_scenario:
            _print_scenario(scenario_object(scenario), texts)
    elif show_scenario:
        from gateway.policy.decision import decision_object

        print_json({"decision": decision_object(decision), "scenario": scenario_object(scenario)})
    else:  # the very bytes that are kept with an effect, and that a batch prints
        typer.echo(canonical_bytes(decision).decode())


def _rules(store_rules: Path | None) -> RuleSet:
    from gateway.policy.rule_set import load_rules
    from gateway.policy.store_rules import read_own_rules

    return load_rules() if store_rules is None else read_own_rules(load_rules(), store_rules)


def _decide_batch(session: Session, file: str, texts: Texts, store_rules: Path | None) -> None:
    from gateway.policy.batch import decided_lines
    from gateway.policy.parse import decoded
    from gateway.policy.store_rules import own_rules_in

    name, raw = _read(file)
    try:
        language = None if session.json else texts.language
        own = None if store_rules is None else own_rules_in(store_rules)
        for line in decided_lines(decoded(raw, name), name, language, own):
            sys.stdout.write(line)
    except DataError as error:
        if not session.json:
            raise
        # what was decided before stands on its lines, so what is wrong takes one line as well
        sys.stdout.flush()
        told = {"kind": type(error).__name__, "message": str(error), "exit_code": Exit.usage.value}
        print_json({"error": told}, line=True)
        session.say(f"gateway: {error}")
        raise typer.Exit(Exit.usage) from None
    sys.stdout.flush()


def _read(file: str) -> tuple[str, bytes]:
    """Return the name messages give a file, and what it holds."""
    if file == "-":
        return _STDIN, typer.get_binary_stream("stdin").read()
    try:
        return Path(file).name, Path(file).read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}). Check its name.") from None


def _of_order(
    session: Session,
    order: str,
    store: str | None,
    reason: Reason | None,
    at: datetime | None,
    settings: Sequence[Setting],
    rules: RuleSet | None,
) -> Answer:
    from gateway.operations.deciding import decide_order

    instant = at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
    return session.run(
        lambda context: decide_order(
            context, order, store=store, reason=reason, at=instant, settings=settings, rules=rules
        ),
        Access.read,
    )


def _show_answer(session: Session, answer: Answer, texts: Texts, *, show_scenario: bool) -> None:
    from gateway.policy.decision import decision_object
    from gateway.policy.scenario import scenario_object
    from gateway.policy.wording.page import Told

    scenario = scenario_object(answer.scenario)
    facts = {name: getattr(answer, name) for name in ("attested", "changed", "defaulted", "missing")}
    if session.json:
        shown = {"store": answer.store, "order": answer.order_id, "decision": decision_object(answer.decision)}
        upstream = {} if answer.upstream is None else {"upstream": answer.upstream}
        print_json(shown | {"facts": facts} | upstream | ({"scenario": scenario} if show_scenario else {}))
        return
    typer.echo(Told(answer.decision, answer.scenario, answer.rules, texts).page() + "\n")
    if answer.upstream is not None:
        _show_upstream(answer.upstream, texts)
    for name, paths in facts.items():
        if paths:
            typer.echo(f"{texts.say(f'facts.{name}')}{texts.say('page.colon')}{', '.join(paths)}")
    typer.echo(f"{texts.say('facts.ask_again')}{texts.say('page.colon')}\n  {_ask_again(answer)}")
    if show_scenario:
        _print_scenario(scenario, texts)


def _show_upstream(upstream: Upstream, texts: Texts) -> None:
    """Say what becomes of the purchases of a sale, and what its end costs with theirs."""
    typer.echo(f"{texts.say('upstream.title')}{texts.say('page.colon')}")
    for each in upstream.purchases:
        cost = _price(each.cost_minor, each.currency)
        plan, because = texts.say(f"plan.{each.plan}"), texts.explain(each.because)
        one = texts.say("upstream.one", order=each.order_id, store=each.store, plan=plan, cost=cost, because=because)
        typer.echo(f"  {one}")
    net = texts.say("upstream.unknown")
    if upstream.net_minor is not None:
        net = _price(upstream.net_minor, upstream.currency)
    typer.echo(f"{texts.say('upstream.net')}{texts.say('page.colon')}{net}\n")


def _price(minor: int, currency: str) -> str:
    from gateway.policy.amount import Amount

    return f"{Amount.rounded(minor, currency).amount} {currency}"


def _ask_again(answer: Answer) -> str:
    """Return the command that asks the same question of the same instant with one more fact changed."""
    scenario = answer.scenario
    asked = ["gateway", "decide", "--order", answer.order_id, "--store", answer.store]
    asked += ["--reason", scenario.intent.reason.value, "--at", scenario.as_of.isoformat(timespec="seconds")]
    other = "false" if scenario.order.stock_available else "true"
    return shlex.join([*asked, "--set", f"order.stock_available={other}"])


def _print_scenario(scenario: dict[str, object], texts: Texts) -> None:
    typer.echo(f"\n{texts.say('facts.scenario')}{texts.say('page.colon').rstrip()}")
    print_json(scenario)
