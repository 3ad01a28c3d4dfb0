"""Changes by hand: answered at once from prepared states, and stored as runs like any other proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

import lineshaft
from lineshaft.core import Change, Engine, Refused
from lineshaft.core.digest import canonical, digest_of
from lineshaft.core.saying import reason_words
from lineshaft.core.solve import Prepared, on_plan, prepare_edit
from lineshaft.core.solve import edit as answer
from lineshaft.store import accept, log, runs, state, versions
from lineshaft.store.overlay import Cell, lay_over
from lineshaft.store.records import RunRecord, find, insert, run_id
from lineshaft.store.requests import once
from lineshaft.tables import table_name

if TYPE_CHECKING:
    from lineshaft.store.works import Works

PREPARED = 4


@dataclass(frozen=True)
class Ground:
    """What an edit stands on: tables (as digests), what-if cells and parameters, and the run whose plan it changes.

    Without a run it is the plan in force. `basis` are the tables that must not have changed when the edit is accepted.
    """

    inputs: dict[str, str]
    basis: dict[str, str]
    overlay: tuple[Cell, ...]
    params: dict[str, Any]
    run: RunRecord | None

    def digest(self, engine: Engine) -> str:
        """The same for the same question."""
        plan = self.run.result_digest if self.run else None
        return digest_of(engine.name, engine.version, self.inputs, self.overlay, self.params, plan)


def prepared(works: Works, engine: Engine, basis_run: str | None) -> tuple[Ground, Prepared]:
    """The ground of an edit and the engine's state for it, laid out when it is asked for the first time.

    Raises
    ------
    Missing
        No such run; the engine's answers cannot be edited.
    Refused
        The run has no result; there is no plan that could be edited.
    """
    ground = find_ground(works, engine, basis_run)
    laid_out = works.prepared_states.get(ground.digest(engine), lambda: lay_out(works, engine, ground))
    return ground, laid_out


def find_ground(works: Works, engine: Engine, basis_run: str | None) -> Ground:
    """The plan of a run, or without one (or when the run is in force) the plan in force."""
    with works.database.reading() as connection:
        digests = state.digests(connection)
        in_force = accepted(connection, engine, digests)
        run = find(connection, basis_run) if basis_run else None
    if run is not None and not (in_force and run.run_id == in_force.run_id):
        runs.result_blob(run)
        if run.engine != engine.name or run.kind not in ("run", "edit"):
            raise Refused(
                f"Run {run.run_id} is no plan of {engine.name}.",
                f"运行 {run.run_id} 不是 {engine.name} 的计划。",
            )
        return Ground(run.inputs, run.basis, run.overlay, run.params, run)
    names = sorted({table_name(schema) for schema in engine.load("inputs").member_schemas().values()})
    inputs = {name: digests[name] for name in names}
    basis = {name: digests[name] for name in [*inputs, *versions.replaced_tables(engine)]}
    return Ground(inputs, basis, (), in_force.params if in_force else {}, None)


def accepted(connection: sa.Connection, engine: Engine, digests: Mapping[str, str]) -> RunRecord | None:
    """The run whose proposal is in force; None when none is, or the tables have changed since."""
    for record in reversed(accept.every(connection)):
        held = all(digests[name] == digest["after"] for name, digest in record.tables.items())
        if held and not record.undone:
            run = find(connection, record.run_id)
            if run.engine == engine.name and run.kind in ("run", "edit"):
                return run
    return None


def lay_out(works: Works, engine: Engine, ground: Ground) -> Prepared:
    """Read the tables of a ground and let the engine prepare."""
    with works.database.reading() as connection:
        tables = read_ground(works, connection, engine, ground)
    frames = versions.by_member(engine, lay_over(tables, ground.overlay, works.catalog.schemas))
    if ground.run is not None:
        frames = on_plan(engine, frames, runs.load_result(works, ground.run).tables)
    return prepare_edit(engine, frames, ground.params)


def propose(
    works: Works, engine: Engine, changes: Sequence[Change], basis_run: str | None, actor: str, request: str
) -> str:
    """Store an edit as a finished run; its id, the same one for the same `request`.

    Raises
    ------
    Refused
        The changes cannot be; the words say why.
    """
    ground, laid_out = prepared(works, engine, basis_run)
    result = answer(laid_out, changes, explained=True)
    if result.status == "infeasible":
        raise Refused(*reason_words(engine, result.reasons[0]))
    if ground.run is None:
        keep_ground(works, engine, ground)
    row = record_row(works, engine, ground, changes, actor) | runs.result_values(works, result)

    def store(connection: sa.Connection) -> str:
        run = run_id(insert(connection, row, row["started"]))
        payload = {"engine": engine.name, "result": row["result_digest"], "changes": len(changes)}
        log.append(connection, works.now(), actor, "edit", payload, run_id=run)
        return run

    return works.database.write(lambda connection: once(connection, request, lambda: store(connection))[0])


def record_row(
    works: Works, engine: Engine, ground: Ground, changes: Sequence[Change], actor: str
) -> dict[str, Any]:
    """The row of the run, without its result."""
    asked = {
        "params": ground.params,
        "changes": [asdict(change) for change in changes],
        "basis_run": ground.run.run_id if ground.run else None,
    }
    return {
        "kind": "edit",
        "engine": engine.name,
        "engine_version": engine.version,
        "lineshaft_version": lineshaft.__version__,
        "actor": actor,
        "params": canonical(asked).decode(),
        "limits": "{}",
        "overlay": canonical(ground.overlay).decode(),
        "inputs": canonical(ground.inputs).decode(),
        "basis": canonical(ground.basis).decode(),
        "input_digest": ground.digest(engine),
        "key": "",
        "started": log.moment_text(works.now()),
    }


def keep_ground(works: Works, engine: Engine, ground: Ground) -> None:
    """Keep the tables that a plan in force stands on, so that the edit can be repeated."""
    with works.database.reading() as connection:
        frames = read_ground(works, connection, engine, ground)
    works.database.write(lambda connection: versions.keep_versions(works, connection, frames, ground.inputs))


def read_ground(works: Works, connection: sa.Connection, engine: Engine, ground: Ground) -> versions.Frames:
    """The tables of a ground, by table name.

    Raises
    ------
    Refused
        They have changed since the ground was found.
    """
    if ground.run is not None:
        return {
            name: versions.version(works, connection, name, digest) for name, digest in ground.inputs.items()
        }
    digests = state.digests(connection)
    if any(digests[name] != digest for name, digest in ground.inputs.items()):
        raise Refused("The tables are being changed just now; try again.", "数据表正在更改,请重试。")
    return versions.input_frames(works, connection, engine)
