"""Runs with everything needed to trust and repeat them: inputs, parameters, limits, versions, result and digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

import lineshaft
from lineshaft.core import (
    BadInput,
    Engine,
    Limits,
    LineshaftError,
    Refused,
    Result,
    Run,
)
from lineshaft.core.digest import canonical, result_bytes
from lineshaft.core.params import make
from lineshaft.core.solve import edit, on_plan, prepare_edit, solve
from lineshaft.store import jobs, log, state, versions
from lineshaft.store.overlay import Cell, lay_over
from lineshaft.store.pack import pack, unpack, unpack_frames
from lineshaft.store.records import RunRecord, find, insert, number, run_id
from lineshaft.store.requests import once
from lineshaft.store.system import RUN
from lineshaft.tables import table_name

if TYPE_CHECKING:
    from lineshaft.store.works import Works

Frames = dict[str, pl.DataFrame]


def submit(
    works: Works,
    engine: Engine,
    params: Mapping[str, Any],
    limits: Mapping[str, Any],
    overlay: Sequence[Cell],
    actor: str,
    again: bool,
    request: str = "",
) -> tuple[str, bool]:
    """Store the inputs of a run and queue it; the run's id, and whether it is new.

    A finished run of the same engine on the same inputs, parameters and limits is returned instead when its work
    limit makes the answer the same, unless `again`; and so is the run that the same `request` made before.

    Raises
    ------
    BadInput
        Wrong parameters, limits or overlay cells.
    """
    given = make(engine.load("params"), params)
    bounds = make(Limits, limits)
    with works.database.reading() as connection:
        frames = versions.input_frames(works, connection, engine)
        digests = state.digests(connection)
    lay_over(frames, overlay, works.catalog.schemas)
    inputs = {name: digests[name] for name in frames}
    works.database.write(lambda connection: versions.keep_versions(works, connection, frames, inputs))
    input_digest = _sha(canonical([inputs, overlay]))
    key = _sha(canonical([engine.name, engine.version, lineshaft.__version__, input_digest, given, bounds]))
    row = {
        "kind": "run",
        "engine": engine.name,
        "engine_version": engine.version,
        "lineshaft_version": lineshaft.__version__,
        "actor": actor,
        "params": canonical(given or {}).decode(),
        "limits": canonical(bounds).decode(),
        "overlay": canonical(overlay).decode(),
        "inputs": canonical(inputs).decode(),
        "basis": canonical(
            {name: digests[name] for name in [*inputs, *versions.replaced_tables(engine)]}
        ).decode(),
        "input_digest": input_digest,
        "key": key,
        "status": "queued",
    }

    def store(connection: sa.Connection) -> tuple[str, bool]:
        same = None if again or bounds.work_limit is None else _same_run(connection, key)
        if same:
            return run_id(same), False
        no = insert(connection, row, _now(works))
        jobs.enqueue(connection, no)
        return run_id(no), True

    def store_once(connection: sa.Connection) -> tuple[str, bool]:
        (run, new), first = once(connection, request, lambda: store(connection))
        return run, new and first

    return works.database.write(store_once)


def claim(works: Works, worker: str, no: int | None = None) -> int | None:
    """Take the next run, or run `no`; None when there is none to take."""

    def take(connection: sa.Connection) -> int | None:
        job = jobs.claim(connection, worker, works.now().timestamp(), no=no)
        if job is None:
            return None
        connection.execute(
            RUN.update().where(RUN.c.no == job.no).values(status="running", started=_now(works))
        )
        return job.no

    return works.database.write(take)


def requeue(connection: sa.Connection, job: jobs.Job) -> None:
    """Give a dead worker's run back to the queue, or give it up after too many dead workers."""
    if job.attempts < jobs.ATTEMPTS_MAX:
        jobs.release(connection, job.no, job.worker)
        connection.execute(RUN.update().where(RUN.c.no == job.no).values(status="queued"))
        return
    jobs.close(connection, job.no)
    said = {
        "kind": "Died",
        "en": f"Its process died {job.attempts} times.",
        "zh": f"其进程已中断 {job.attempts} 次。",
        "faults": [],
    }
    connection.execute(
        RUN.update().where(RUN.c.no == job.no).values(status="failed", error=canonical(said).decode())
    )


def cancel(works: Works, run: str) -> None:
    """Ask a run to stop; one that nobody has begun ends at once."""

    def ask(connection: sa.Connection) -> None:
        no = number(find(connection, run).run_id, "r")
        jobs.cancel(connection, no)
        job = jobs.find(connection, no)
        if job and job.state == "queued":
            jobs.close(connection, no)
            values = {"status": "cancelled", "ended": _now(works)}
            connection.execute(RUN.update().where(RUN.c.no == no).values(values))

    works.database.write(ask)


def compute(works: Works, record: RunRecord, run: Run) -> Result[Any]:
    """Solve a run, or repeat an edit, from its stored inputs."""
    engine = works.engine(record.engine)
    if record.kind == "edit":
        laid_out = prepare_edit(engine, inputs(works, record), record.params)
        return edit(laid_out, record.changes, explained=True)
    return solve(engine, inputs(works, record), record.params, run)


def inputs(works: Works, record: RunRecord) -> Frames:
    """What a run read, by input member of its engine; an edit also reads the plan of its basis.

    Raises
    ------
    Refused
        The run is no plan.
    """
    refuse_no_plan(record)
    with works.database.reading() as connection:
        frames = {
            name: versions.version(works, connection, name, digest) for name, digest in record.inputs.items()
        }
        basis = find(connection, record.basis_run) if record.basis_run else None
    engine = works.engine(record.engine)
    seen = versions.by_member(engine, lay_over(frames, record.overlay, works.catalog.schemas))
    return on_plan(engine, seen, load_result(works, basis).tables) if basis else seen


def run_of(record: RunRecord) -> Run:
    """Seed and limits of a run."""
    limits = Limits(**record.limits)
    return Run(
        seed=limits.seed,
        work_limit=limits.work_limit,
        time_limit_s=limits.time_limit_s,
        workers=limits.workers,
    )


def store_result(works: Works, no: int, worker: str | None, result: Result[Any]) -> bool:
    """Store a run's result; False when `worker` has lost its lease (None: store in any case)."""
    values = result_values(works, result)

    def store(connection: sa.Connection) -> bool:
        if worker is not None and not jobs.finish(connection, no, worker):
            return False
        jobs.close(connection, no)
        connection.execute(RUN.update().where(RUN.c.no == no).values(values))
        row = connection.execute(sa.select(RUN.c.actor, RUN.c.engine).where(RUN.c.no == no)).one()
        payload = {"engine": row.engine, "result": values["result_digest"]}
        log.append(connection, works.now(), row.actor, "run", payload, run_id=run_id(no))
        return True

    return works.database.write(store)


def result_values(works: Works, result: Result[Any]) -> dict[str, Any]:
    """What a finished run's row says of its result, which is kept."""
    return {
        "status": "done",
        "ended": _now(works),
        "stopped_by": result.stopped_by,
        "work": float(result.work),
        "result_status": result.status,
        "kpis": canonical(result.kpis).decode(),
        "result_blob": works.blobs.keep(pack(result)),
        "result_digest": _sha(result_bytes(result)),
    }


def store_failure(works: Works, no: int, worker: str, status: str, error: BaseException) -> None:
    """Say that a run ended without a result, and why."""
    words = error.words if isinstance(error, LineshaftError) else None
    said = {
        "kind": type(error).__name__,
        "en": words.en if words else repr(error),
        "zh": words.zh if words else f"程序错误:{error!r}",
        "faults": [fault.as_dict() for fault in error.faults] if isinstance(error, BadInput) else [],
    }

    def store(connection: sa.Connection) -> None:
        if jobs.finish(connection, no, worker):
            values = {"status": status, "ended": _now(works), "error": canonical(said).decode()}
            connection.execute(RUN.update().where(RUN.c.no == no).values(values))

    works.database.write(store)


def load_result(works: Works, record: RunRecord) -> Result[Any]:
    """The result of a finished run.

    Raises
    ------
    Refused
        The run has no result, or its result is tables as they stand.
    """
    refuse_no_plan(record)
    content = works.blobs.read(result_blob(record))
    return unpack(content, works.engine(record.engine).load("outputs"))


def refuse_no_plan(record: RunRecord) -> None:
    """What an engine did not make is not read as an engine's."""
    if not record.is_plan:
        raise Refused(
            f"Run {record.run_id} changes tables and is no plan; its preview shows the change.",
            f"运行 {record.run_id} 是对数据表的更改,不是方案;可在预览中查看。",
        )


def result_tables(works: Works, record: RunRecord) -> dict[str, tuple[pl.DataFrame, state.Mode]]:
    """Table → what the run proposes for it, and how."""
    frames = unpack_frames(works.blobs.read(result_blob(record)))
    if not record.is_plan:
        return {name: (frame, "replace") for name, frame in frames.items()}
    engine = works.engine(record.engine)
    members = engine.load("outputs").member_schemas()
    return {
        table_name(members[member]): (frame, engine.accept.get(member, "replace"))
        for member, frame in frames.items()
    }


def result_blob(record: RunRecord) -> str:
    """The digest of the stored result."""
    if record.result_blob is None:
        raise Refused(
            f"Run {record.run_id} has no result: it is {record.status}.",
            f"运行 {record.run_id} 没有结果(状态:{record.status})。",
        )
    return record.result_blob


def replay(works: Works, record: RunRecord) -> bool:
    """Compute a run again from its stored inputs with its work as the limit: True when the bytes are the same.

    Raises
    ------
    Refused
        No result, an undo, or another version of the engine is installed.
    """
    result_blob(record)
    engine = works.engine(record.engine) if record.is_plan else None
    if engine is None or engine.version != record.engine_version:
        installed = engine.version if engine else "-"
        raise Refused(
            f"Run {record.run_id} was made by {record.engine} version {record.engine_version}; "
            f"version {installed} is installed, so it cannot be repeated here.",
            f"运行 {record.run_id} 由 {record.engine} 第 {record.engine_version} 版产生,"
            f"当前安装的是第 {installed} 版,无法重现。",
        )
    run = replace(run_of(record), time_limit_s=None, work_limit=record.work)
    return _sha(result_bytes(compute(works, record, run))) == record.result_digest


def _same_run(connection: sa.Connection, key: str) -> int | None:
    same = sa.select(RUN.c.no).where(
        RUN.c.key == key, RUN.c.status == "done", RUN.c.stopped_by.in_(("done", "work"))
    )
    no: int | None = connection.execute(same.order_by(RUN.c.no).limit(1)).scalar_one_or_none()
    return no


def _now(works: Works) -> str:
    return log.moment_text(works.now())


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
