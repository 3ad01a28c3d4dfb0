"""Many runs of one question: an engine with several seeds on the tables as they are and on what-if scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lineshaft.core import Engine, LineshaftError, Missing, Words
from lineshaft.core.params import make
from lineshaft.store import log
from lineshaft.store.companion import OnProgress
from lineshaft.store.executors import Executor, Inline
from lineshaft.store.overlay import Cell
from lineshaft.store.records import RunRecord, number

if TYPE_CHECKING:
    from lineshaft.store.works import Works

ACTION = "portfolio"
AS_IT_IS = ""
ANSWERED = ("optimal", "feasible")


@dataclass(frozen=True)
class Member:
    """One run of a portfolio; `scenario` is "" for the tables as they are."""

    run: str
    seed: int
    scenario: str


@dataclass(frozen=True)
class Portfolio:
    """What was asked at once. The id is "p" and the number of the log entry that lists the runs."""

    portfolio_id: str
    engine: str
    actor: str
    members: tuple[Member, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names in the order asked, "" (as it is) first."""
        return tuple(dict.fromkeys(member.scenario for member in self.members))


def propose(
    works: Works,
    engine: Engine,
    params: Mapping[str, Any],
    limits: Mapping[str, Any],
    seeds: Sequence[int],
    scenarios: Mapping[str, Sequence[Cell]],
    actor: str = "",
    place: Executor | None = None,
    on_progress: OnProgress | None = None,
) -> Portfolio:
    """Run an engine for each seed on the tables as they are and on each scenario; wait for all.

    A run that fails takes nothing from the others: its record says why. An interrupt from the keyboard stops all runs
    with the best answers they have.

    Parameters
    ----------
    scenarios
        Name → cells that are seen otherwise.
    place
        Where to search: from `lineshaft.store.executors.executor`; inline without one.

    Raises
    ------
    BadInput
        Wrong parameters, limits or cells; nothing was run.
    """
    members = _submit(works, engine, params, limits, seeds, {AS_IT_IS: (), **scenarios}, actor)
    payload = {
        "engine": engine.name,
        "runs": [[member.run, member.seed, member.scenario] for member in members],
    }
    seq = works.database.write(lambda c: log.append(c, works.now(), actor, ACTION, payload))
    _do(works, members, place or Inline(), on_progress)
    return Portfolio(f"p{seq}", engine.name, actor, members)


def find(works: Works, portfolio_id: str) -> Portfolio:
    """A portfolio by its id.

    Raises
    ------
    Missing
        No such portfolio.
    """
    with works.database.reading() as connection:
        event = log.entry(connection, number(portfolio_id, "p"))
    if event is None or event.action != ACTION:
        raise Missing(f"There is no portfolio {portfolio_id}.", f"没有运行组合 {portfolio_id}。")
    members = tuple(Member(run, seed, scenario) for run, seed, scenario in event.payload["runs"])
    return Portfolio(portfolio_id, event.payload["engine"], event.actor, members)


def best(works: Works, portfolio: Portfolio, scenario: str = AS_IT_IS) -> str | None:
    """The best run of a scenario by the engine's own order, the first of equals; None when none has an answer."""
    engine = works.engine(portfolio.engine)
    records = [works.run(member.run) for member in portfolio.members if member.scenario == scenario]
    answered = [record for record in records if record.result_status in ANSWERED]
    return min(answered, key=lambda record: _rank(engine, record)).run_id if answered else None


def _rank(engine: Engine, record: RunRecord) -> tuple[float, ...]:
    rank = engine.load("rank")
    if rank:
        return tuple(rank(record.kpis, make(engine.load("params"), record.params)))
    return tuple(kpi.value if kpi.better == "low" else -kpi.value for kpi in record.kpis)


def _submit(
    works: Works,
    engine: Engine,
    params: Mapping[str, Any],
    limits: Mapping[str, Any],
    seeds: Sequence[int],
    scenarios: Mapping[str, Sequence[Cell]],
    actor: str,
) -> tuple[Member, ...]:
    """Queue all runs, or none."""
    members: list[Member] = []
    try:
        for scenario, cells in scenarios.items():
            for seed in seeds:
                run = works.submit(engine, params, {**limits, "seed": seed}, cells, actor)
                members.append(Member(run, seed, scenario))
    except BaseException:
        _cancel(works, members)
        raise
    return tuple(members)


def _do(works: Works, members: Sequence[Member], place: Executor, on_progress: OnProgress | None) -> None:
    """Do all runs, as many at a time as there are places."""
    done = dict.fromkeys((member.run for member in members), 0.0)

    def do(run: str) -> None:
        def tell(fraction: float, _words: Words) -> None:
            done[run] = fraction
            if on_progress:
                ended = sum(part == 1.0 for part in done.values())
                words = Words(f"{ended} of {len(done)} runs", f"{len(done)} 个运行已完成 {ended} 个")
                on_progress(sum(done.values()) / len(done), words)

        try:
            place.do(works, run, tell)
        except LineshaftError:
            return
        finally:
            tell(1.0, Words("", ""))

    with ThreadPoolExecutor(place.places, "lineshaft portfolio") as threads:
        futures = [threads.submit(do, run) for run in done]
        try:
            wait(futures)
        except KeyboardInterrupt:
            _cancel(works, members)
    for future in futures:
        future.result()


def _cancel(works: Works, members: Sequence[Member]) -> None:
    for member in members:
        works.cancel(member.run)
