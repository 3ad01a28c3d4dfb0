"""Runs with everything needed to trust and repeat them: inputs, parameters, limits, versions, result and digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

import lineshaft
from lineshaft.core import (
    BadInput,
    Engine,
    Fault,
    Kpi,
    Limits,
    LineshaftError,
    Missing,
    Refused,
    Result,
    Run,
    Words,
)
from lineshaft.core.digest import canonical, result_bytes
from lineshaft.core.params import make
from lineshaft.core.solve import solve
from lineshaft.store import jobs, log, state
from lineshaft.store.overlay import Cell, lay_over
from lineshaft.store.pack import pack, parquet, unpack, unpack_frames
from lineshaft.store.system import RUN, VERSIONS
from lineshaft.tables import table_name

if TYPE_CHECKING:
    from lineshaft.store.works import Works

Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run.

    `kind` is "run", or "undo" for a proposal that takes an accept back. `status` is "queued", "running", "done",
    "cancelled" (before a first answer) or "failed" (then `error` says why). `inputs` maps each input table to its
    digest, `basis` also the tables that accepting replaces. `result_status`, `kpis`, `work` and `stopped_by` are the result's own.
    """

    run_id: str
    kind: str
    engine: str
    engine_version: int
    lineshaft_version: str
    actor: str
    params: dict[str, Any]
    limits: dict[str, Any]
    overlay: tuple[Cell, ...]
    inputs: dict[str, str]
    basis: dict[str, str]
    input_digest: str
    status: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    stopped_by: str | None
    work: float | None
    result_status: str | None
    kpis: tuple[Kpi, ...]
    result_blob: str | None
    result_digest: str | None
    error: dict[str, Any] | None


def submit(
    works: Works,
    engine: Engine,
    params: Mapping[str, Any],
    limits: Mapping[str, Any],
    overlay: Sequence[Cell],
    actor: str,
    again: bool,
) -> tuple[str, bool]:
    """Store the inputs of a run and queue it; the run's id, and whether it is new.

    A finished run of the same engine on the same inputs, parameters and limits is returned instead when its work
    limit makes the answer the same, unless `again`.

    Raises
    ------
    BadInput
        Wrong parameters, limits or overlay cells.
    """
    given = make(engine.load("params"), params)
    bounds = make(Limits, limits)
    with works.database.reading() as connection:
        frames = input_frames(works, connection, engine)
        digests = state.digests(connection)
    lay_over(frames, overlay, works.catalog.schemas)
    inputs = {name: digests[name] for name in frames}
    works.database.write(lambda connection: keep_versions(works, connection, frames, inputs))
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
        "basis": canonical({name: digests[name] for name in [*inputs, *replaced_tables(engine)]}).decode(),
        "input_digest": input_digest,
        "key": key,
        "status": "queued",
    }

    def store(connection: sa.Connection) -> tuple[str, bool]:
        same = None if again or bounds.work_limit is None else _same_run(connection, key)
        if same:
            return run_id(same), False
        no = insert(works, connection, row)
        jobs.enqueue(connection, no)
        return run_id(no), True

    return works.database.write(store)


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
    """Give a dead worker's run back to the queue."""
    jobs.release(connection, job.no, job.worker)
    connection.execute(RUN.update().where(RUN.c.no == job.no).values(status="queued"))


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
    """Solve a run from its stored inputs."""
    engine = works.engine(record.engine)
    schemas = {name: works.catalog.schemas[name] for name in record.inputs}
    with works.database.reading() as connection:
        frames = {name: version(works, connection, name, digest) for name, digest in record.inputs.items()}
    seen = lay_over(frames, record.overlay, schemas)
    members = engine.load("inputs").member_schemas()
    given = {member: seen[table_name(schema)] for member, schema in members.items()}
    return solve(engine, _without_empty(engine, given), record.params, run)


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
    blob = works.blobs.keep(pack(result))
    values = {
        "status": "done",
        "ended": _now(works),
        "stopped_by": result.stopped_by,
        "work": float(result.work),
        "result_status": result.status,
        "kpis": canonical(result.kpis).decode(),
        "result_blob": blob,
        "result_digest": _sha(result_bytes(result)),
    }

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
        The run has no result.
    """
    content = works.blobs.read(result_blob(record))
    return unpack(content, works.engine(record.engine).load("outputs"))


def result_tables(works: Works, record: RunRecord) -> dict[str, tuple[pl.DataFrame, state.Mode]]:
    """Table → what the run proposes for it, and how."""
    frames = unpack_frames(works.blobs.read(result_blob(record)))
    if record.kind == "undo":
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
    engine = works.engine(record.engine) if record.kind == "run" else None
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


def find(connection: sa.Connection, run: str) -> RunRecord:
    """A run by its id.

    Raises
    ------
    Missing
        No such run.
    """
    row = connection.execute(sa.select(RUN).where(RUN.c.no == number(run, "r"))).one_or_none()
    if row is None:
        raise Missing(f"There is no run {run}.", f"没有运行 {run}。")
    return _record(row)


def every(connection: sa.Connection) -> list[RunRecord]:
    """All runs, oldest first."""
    return [_record(row) for row in connection.execute(sa.select(RUN).order_by(RUN.c.no))]


def insert(works: Works, connection: sa.Connection, row: dict[str, Any]) -> int:
    """Give a run the next number."""
    no: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(RUN.c.no), 0) + 1)).scalar_one()
    connection.execute(RUN.insert(), {**row, "no": no, "created": _now(works)})
    return no


def input_frames(works: Works, connection: sa.Connection, engine: Engine) -> Frames:
    """The tables that an engine reads, by table name."""
    names = {table_name(schema) for schema in engine.load("inputs").member_schemas().values()}
    return {name: state.read(connection, works.catalog, name) for name in sorted(names)}


def member_frames(works: Works, connection: sa.Connection, engine: Engine) -> Frames:
    """The tables that an engine reads, by member; empty optional ones are left out."""
    tables = input_frames(works, connection, engine)
    members = engine.load("inputs").member_schemas()
    return _without_empty(engine, {member: tables[table_name(schema)] for member, schema in members.items()})


def replaced_tables(engine: Engine) -> list[str]:
    """The output tables that accepting a result replaces as a whole."""
    members = engine.load("outputs").member_schemas()
    return [
        table_name(schema)
        for member, schema in members.items()
        if engine.accept.get(member, "replace") == "replace"
    ]


def keep_versions(
    works: Works, connection: sa.Connection, frames: Mapping[str, pl.DataFrame], digests: Mapping[str, str]
) -> None:
    """Keep the content of tables for good, each once."""
    known = set(connection.execute(sa.select(VERSIONS.c.digest)).scalars())
    for name, frame in frames.items():
        if digests[name] not in known:
            known.add(digests[name])
            blob = works.blobs.keep(parquet(frame))
            connection.execute(VERSIONS.insert(), {"digest": digests[name], "blob": blob, "table": name})


def version(works: Works, connection: sa.Connection, name: str, digest: str) -> pl.DataFrame:
    """A table as it was."""
    blob = connection.execute(sa.select(VERSIONS.c.blob).where(VERSIONS.c.digest == digest)).scalar_one()
    frame = pl.read_parquet(works.blobs.path(blob))
    return frame.select(works.catalog.schemas[name].column_names())


def fault_of(row: dict[str, Any]) -> Fault:
    """A fault as `Fault.as_dict` wrote it."""
    words = Words(row["en"], row["zh"])
    return Fault(
        row["table"], tuple(row["key"]), row["column"], row["value"], row["rule"], words, row["source"]
    )


def run_id(no: int) -> str:
    """1 → "r1"."""
    return f"r{no}"


def number(text: str, letter: str) -> int:
    """ "r1" → 1; what is no id finds nothing."""
    digits = text.removeprefix(letter)
    return int(digits) if digits.isdigit() else 0


def _without_empty(engine: Engine, given: Frames) -> Frames:
    optional = engine.load("inputs").optional_members()
    return {member: frame for member, frame in given.items() if len(frame) or member not in optional}


def _same_run(connection: sa.Connection, key: str) -> int | None:
    same = sa.select(RUN.c.no).where(
        RUN.c.key == key, RUN.c.status == "done", RUN.c.stopped_by.in_(("done", "work"))
    )
    no: int | None = connection.execute(same.order_by(RUN.c.no).limit(1)).scalar_one_or_none()
    return no


def _record(row: sa.Row[Any]) -> RunRecord:
    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    return RunRecord(
        run_id=run_id(row.no),
        kind=row.kind,
        engine=row.engine,
        engine_version=row.engine_version,
        lineshaft_version=row.lineshaft_version,
        actor=row.actor,
        params=json.loads(row.params),
        limits=json.loads(row.limits),
        overlay=tuple(Cell(**{**cell, "key": tuple(cell["key"])}) for cell in json.loads(row.overlay)),
        inputs=json.loads(row.inputs),
        basis=json.loads(row.basis),
        input_digest=row.input_digest,
        status=row.status,
        created=datetime.fromisoformat(row.created),
        started=moment(row.started),
        ended=moment(row.ended),
        stopped_by=row.stopped_by,
        work=row.work,
        result_status=row.result_status,
        kpis=tuple(Kpi(**kpi) for kpi in json.loads(row.kpis or "[]")),
        result_blob=row.result_blob,
        result_digest=row.result_digest,
        error=json.loads(row.error) if row.error else None,
    )


def _now(works: Works) -> str:
    return log.moment_text(works.now())


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
