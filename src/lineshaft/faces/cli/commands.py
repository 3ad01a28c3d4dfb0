"""What each command does: ask the store, show the answer. Imported only when a command runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl

from lineshaft.core import BadInput, Engine, Kpi, Missing, Refused, Result, Words, engines, find_engine
from lineshaft.core.frames import check_tables
from lineshaft.core.solve import given_params, read_book, table_name
from lineshaft.faces.cli.portfolio import run_many
from lineshaft.faces.cli.render import (
    ProgressLine,
    out,
    print_changes,
    print_faults,
    print_frame,
    print_json,
    print_notes,
    print_result,
    result_json,
    say,
)
from lineshaft.faces.desk.describing import describe_engine
from lineshaft.faces.saying import reader_language
from lineshaft.store.folder import write_folder
from lineshaft.store.history import plan_view
from lineshaft.store.home import Place, parse_url, shown
from lineshaft.store.importing import preview_import
from lineshaft.store.layouts import PLAN_TABLES, read_layout
from lineshaft.store.mapping import HeadingMap
from lineshaft.store.workbook import write_example, write_template, write_workbook
from lineshaft.store.works import Works
from lineshaft.tables.rules import RULES

HEADINGS = "headings"
NOTES = "import-notes.txt"
FLOW_TITLES = {
    "order_flow": Words("Orders: from first start to last end", "工单:自首道开工至末道完工"),
    "person_load": Words("Load of people and machines", "人员与设备负荷"),
    "activity_load": Words("Work by activity", "各工序类型的工作量"),
    "queue": Words("Waiting before each activity", "各工序类型前的等待"),
}
LOG_SUFFIXES = (".xes", ".xes.gz")


def init(place: Place, name: str, zone: str, example: str, scale: float) -> None:
    """`lineshaft init`."""
    if example not in ("", "crane-works"):
        raise Missing(
            f"There is no example {example!r}; try crane-works.", f"没有示例 {example!r},可用 crane-works。"
        )
    language = reader_language()
    with Works.create(place, name or place_name(place), zone) as works:
        if example:
            fill_with_crane_works(works, scale)
        rows, said = sum(works.tables().values()), works.said
    say(language, f"Works made in {said}: {rows:,} rows.", f"已在 {said} 新建工厂数据:{rows:,} 行。")


def place_name(place: Place) -> str:
    """What a works is called when nobody says: the folder's name, or the schema's."""
    return place.name if isinstance(place, Path) else parse_url(place)[1]


def notes_file(place: Place | None) -> Path | None:
    """Where all notes of an import are kept: in a works' folder, if it has one."""
    return place / NOTES if isinstance(place, Path) else None


def fill_with_crane_works(works: Works, scale: float) -> None:
    """Write the crane works into an empty works."""
    from lineshaft.crane_works import generate

    works.write(generate(scale=scale), "lineshaft", "example", source=f"crane-works scale={scale:g}")


def import_(
    place: Place,
    source: Path,
    layout: str,
    mapping: Path | None,
    mode: str,
    partial: bool,
    preview: bool,
    by: str,
    as_json: bool,
) -> None:
    """`lineshaft import`."""
    if mode not in ("upsert", "replace"):
        raise Missing(f"mode is {mode!r}: upsert or replace", f"mode 为 {mode!r},须为 upsert 或 replace")
    language = reader_language()
    with Works.open(place) as works:
        notes: list[Words] = []
        if layout == "auto" and source.name.lower().endswith(LOG_SUFFIXES):
            layout = "log"
        if layout in ("auto", "tables"):
            frames, notes = _tables_to_import(works, source, mapping, mode, partial, preview, language)
        else:
            frames, notes = read_layout(layout, source, works.time_zone)
        change = (
            works.preview_write(frames, mode)
            if preview
            else works.write(frames, by, "import", mode, source=source.name)
        )
    if as_json:
        print_json(
            {"written": not preview, "tables": change.counts, "notes": [note._asdict() for note in notes]}
        )
        return
    print_notes(notes, notes_file(place), language)
    print_changes(change.counts, language)
    if preview:
        say(language, "Preview only; nothing was written.", "仅为预览,未写入任何数据。")


def _tables_to_import(
    works: Works, source: Path, mapping: Path | None, mode: str, partial: bool, preview: bool, language: str
) -> tuple[dict[str, pl.DataFrame], list[Words]]:
    """Good rows of a workbook, file or folder; the headings it used are remembered once they are written."""
    if mapping and not mapping.is_file():
        raise Missing(f"{mapping} is not there.", f"{mapping} 不存在。")
    given = mapping.read_text(encoding="utf-8") if mapping else works.recall(HEADINGS)
    headings = HeadingMap.from_json(given) if given else None
    existing = {name: works.read(name) for name in works.tables()}
    found = preview_import(
        source, works.catalog.schemas, existing, headings, mode=mode, time_zone=works.time_zone
    )
    frames = found.take(partial=partial or preview)
    if found.faults:
        print_faults(found.faults, language)
    if mapping and not preview:
        works.remember(HEADINGS, found.headings.to_json())
    return frames, [Words(warning.say("en"), warning.say("zh")) for warning in found.warnings]


def check(place: Place, as_json: bool) -> None:
    """`lineshaft check`."""
    with Works.open(place) as works:
        counts = works.tables()
        frames = {name: works.read(name) for name in counts}
        _, faults = check_tables(frames, works.catalog.schemas, RULES)
    if faults:
        raise BadInput(faults)
    rows = sum(counts.values())
    if as_json:
        print_json({"faults": [], "rows": rows})
    else:
        say(reader_language(), f"No faults in {rows:,} rows.", f"{rows:,} 行数据均无错误。")


def run(
    engine: Engine,
    params: dict[str, Any],
    limits: dict[str, Any],
    *,
    works: Place | None,
    source: tuple[str, str],
    keep: Place | None,
    as_json: bool,
    seeds: str,
    scenarios: list[Path],
    executor: str,
    by: str,
) -> None:
    """`lineshaft run ENGINE`."""
    layout, files = source
    if (works is None) == (not layout):
        raise Missing(
            "Name a works, or files with --from LAYOUT DIR, not both.",
            "请指定工厂数据目录,或用 --from 格式 目录,二者选一。",
        )
    language = reader_language()
    with _works_to_plan(works, layout, Path(files), keep) as opened:
        if seeds or scenarios:
            place = opened.said if works or keep else None
            run_many(opened, place, engine, params, limits, seeds, scenarios, executor, by, as_json)
            return
        with ProgressLine(language, quiet=as_json) as line:
            run_id = opened.propose(
                engine, params, limits, actor=by, on_progress=line.tell, executor=executor
            )
        result, said = opened.result(run_id), opened.said
    if as_json:
        print_json(result_json(engine, result, run_id))
        return
    print_result(engine, result, language)
    if works or keep:
        say(
            language,
            f"\nRun {run_id}. Next: lineshaft accept {said} {run_id}",
            f"\n运行 {run_id}。下一步:lineshaft accept {said} {run_id}",
        )


def _works_to_plan(works: Place | None, layout: str, files: Path, keep: Place | None) -> Works:
    if works is not None:
        return Works.open(works)
    frames, notes = read_layout(layout, files)
    frames = {name: frame for name, frame in frames.items() if name not in PLAN_TABLES}
    opened = Works.create(keep, files.stem) if keep else Works.transient(files.stem)
    print_notes(notes, notes_file(keep), reader_language())
    opened.write(frames, "lineshaft", "import", source=files.name)
    return opened


def show(place: Place, what: str, rows: int, as_json: bool) -> None:
    """`lineshaft show`."""
    language = reader_language()
    with Works.open(place) as works:
        if not what:
            _show_overview(works, language, as_json)
        elif what in works.catalog.schemas:
            frame = works.read(what)
            if as_json:
                print_json(frame.head(rows).to_dicts())
            else:
                print_frame(frame, rows)
                say(language, f"{len(frame):,} rows", f"共 {len(frame):,} 行")
        else:
            record = works.run(what)
            engine, result = works.engine(record.engine), works.result(what)
            if as_json:
                print_json(result_json(engine, result, what))
            else:
                print_result(engine, result, language)


def _show_overview(works: Works, language: str, as_json: bool) -> None:
    counts = {name: many for name, many in works.tables().items() if many}
    records = works.runs()
    if as_json:
        told = [{"run": r.run_id, "engine": r.engine, "status": r.status} for r in records]
        print_json({"name": works.name, "time_zone": works.time_zone, "tables": counts, "runs": told})
        return
    out.print(f"{works.name} · {works.time_zone}", markup=False)
    for name, many in counts.items():
        title = getattr(works.catalog.schemas[name], "title", (name, name))
        out.print(f"  {name:<22}{many:>9,}  {Words(*title).say(language)}", markup=False)
    for record in records:
        figures = "  ".join(f"{kpi.name} {kpi.value:,.1f}" for kpi in record.kpis)
        out.print(f"  {record.run_id}  {record.engine}  {record.status}  {figures}", markup=False)


def flow(place: Place, rows: int, as_json: bool) -> None:
    """`lineshaft flow`."""
    with Works.open(place) as works:
        tables = {name: works.read(name) for name in ("operation", "operation_plan", "resource_plan")}
        if tables["operation_plan"].is_empty():
            raise no_plan()
        view = plan_view(tables, works.time_zone)
    if as_json:
        print_json({name: frame.to_dicts() for name, frame in view.items()})
        return
    for name, frame in view.items():
        out.print(FLOW_TITLES[name].say(reader_language()), style="bold")
        print_frame(frame, rows)


def preview(place: Place, run_id: str, as_json: bool) -> None:
    """`lineshaft preview`."""
    with Works.open(place) as works:
        change = works.preview(run_id)
    if as_json:
        print_json({"tables": change.counts})
    else:
        print_changes(change.counts, reader_language())


def accept(place: Place, run_id: str, by: str, as_json: bool) -> None:
    """`lineshaft accept`."""
    with Works.open(place) as works:
        accept_id, said = works.accept(run_id, by), works.said
    if as_json:
        print_json({"accept": accept_id, "run": run_id})
    else:
        say(
            reader_language(),
            f"Run {run_id} accepted as {accept_id}. To take it back: lineshaft undo {said} {accept_id}",
            f"已采纳运行 {run_id}(编号 {accept_id})。撤销:lineshaft undo {said} {accept_id}",
        )


def undo(place: Place, accept_id: str, by: str, as_json: bool) -> None:
    """`lineshaft undo`."""
    with Works.open(place) as works:
        done, said = works.undo(accept_id or "last", by), works.said
    if as_json:
        print_json({"accept": done.accept_id, "proposal": done.proposal})
    elif done.proposal:
        say(
            reader_language(),
            f"Something was accepted after {done.accept_id}: the undo is proposal {done.proposal}. "
            f"Look: lineshaft preview {said} {done.proposal}",
            f"{done.accept_id} 之后另有采纳:撤销已成为方案 {done.proposal}。查看:lineshaft preview {said} {done.proposal}",
        )
    else:
        say(reader_language(), f"{done.accept_id} taken back.", f"已撤销 {done.accept_id}。")


def replay(place: Place, run_id: str, as_json: bool) -> None:
    """`lineshaft replay`."""
    with Works.open(place) as works:
        same = works.replay(run_id)
        digest = works.run(run_id).result_digest
    if as_json:
        print_json({"run": run_id, "same": same, "digest": digest})
    if not same:
        raise Refused(f"Run {run_id} did not give the same bytes.", f"运行 {run_id} 重放结果不一致。")
    if not as_json:
        say(reader_language(), f"Same bytes: {digest}", f"逐字节一致:{digest}")


def export(place: Place, target: Path, kind: str, tables: list[str]) -> None:
    """`lineshaft export`."""
    kind = kind or ("xlsx" if target.suffix == ".xlsx" else "csv")
    if kind not in ("xlsx", "csv", "parquet"):
        raise Missing(
            f"There is no kind {kind!r}: xlsx, csv, parquet.", f"没有 {kind!r} 格式:xlsx、csv、parquet。"
        )
    language = reader_language()
    with Works.open(place) as works:
        names = tables or [name for name, many in works.tables().items() if many]
        frames = {name: works.read(name) for name in names}
        schemas = {name: works.catalog.schemas[name] for name in names}
        if kind == "xlsx":
            write_workbook(frames, target, language, schemas=schemas, time_zone=works.time_zone)
        else:
            write_folder(frames, target, kind, schemas)
    rows = sum(map(len, frames.values()))
    say(language, f"{rows:,} rows written to {target}", f"已将 {rows:,} 行写入 {target}")


def template(engine_name: str, target: Path, example: bool) -> None:
    """`lineshaft template`."""
    engine, language = find_engine(engine_name), reader_language()
    if example:
        members = engine.load("inputs").members()
        frames = {
            table: frame
            for member, frame in engine.load("example")().items()
            for table in [table_name(members[member].schema)]
            if frame is not None
        }
        write_example(engine, frames, target, language)
    else:
        write_template(engine, target, language)
    say(language, f"Template written to {target}", f"模板已写入 {target}")


def report(place: Place, target: Path, run_id: str) -> None:
    """`lineshaft report`."""
    with Works.open(place) as works:
        write_report(works, target, run_id)
    say(reader_language(), f"Report written to {target}", f"报告已写入 {target}")


def write_report(works: Works, target: Path, run_id: str = "") -> None:
    """A run, or the schedule in force, as one HTML file."""
    from lineshaft.faces.web.report import report_html

    if run_id:
        record = works.run(run_id)
        engine, book, result = works.engine(record.engine), works.inputs(run_id), works.result(run_id)
    else:
        engine = find_engine("make.schedule")
        book = works.frames(engine)
        result = plan_in_force(works, engine, book)
    text = report_html(
        engine,
        book,
        result,
        works_name=works.name,
        zone=works.time_zone,
        language=reader_language(),
        run_id=run_id,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def plan_in_force(works: Works, engine: Engine, frames: dict[str, pl.DataFrame]) -> Result[Any]:
    """The accepted plan (or history, after the import of a log) with its figures as the checker finds them."""
    outputs = engine.load("outputs")
    tables = {member: works.read(table_name(info.schema)) for member, info in outputs.members().items()}
    if tables["operation_plan"].is_empty():
        raise no_plan()
    plan = outputs.cast({member: frame.lazy() for member, frame in tables.items()})
    inputs = {name: frame for name, frame in frames.items() if not name.startswith("previous")}
    figures = engine.load("check")(read_book(engine, inputs), plan, given_params(engine, None)).kpis
    return Result(
        plan,
        tuple(Kpi(name, value, "min", "low") for name, value in figures.items()),
        engine=engine.name,
        version=engine.version,
    )


def no_plan() -> Missing:
    """What is said where a plan in force is needed and there is none."""
    return Missing("No plan is in force: accept a run first.", "尚无生效计划:请先采纳一个方案。")


def list_engines(as_json: bool) -> None:
    """`lineshaft engines`."""
    language = reader_language()
    manifests = [find_engine(name) for name in engines()]
    if as_json:
        print_json(
            [{"name": e.name, "version": e.version, "en": e.title[0], "zh": e.title[1]} for e in manifests]
        )
        return
    for engine in manifests:
        out.print(f"{engine.name:<20} v{engine.version}  {engine.words_title.say(language)}", markup=False)


def describe(engine_name: str, as_json: bool) -> None:
    """`lineshaft describe`."""
    engine, language = find_engine(engine_name), reader_language()
    told = describe_engine(engine)
    if as_json:
        print_json(told)
        return
    out.print(f"{engine.name} v{engine.version} · {engine.words_title.say(language)}", markup=False)
    for part, heading in (("inputs", Words("reads", "读取")), ("outputs", Words("proposes", "产出"))):
        for member in told[part]:
            must = "" if member["required"] else Words(" (optional)", "(可选)").say(language)
            out.print(f"\n{heading.say(language)} {member['table']}{must} · {member[language]}", markup=False)
            for column in member["columns"]:
                key = "*" if column["key"] else " "
                out.print(f"  {key} {column['name']:<18}{column['unit']:<8}{column[language]}", markup=False)
    say(language, "\nparameters", "\n参数")
    for parameter in told["params"]:
        default = "" if parameter["default"] is None else f" = {parameter['default']}"
        out.print(
            f"    {parameter['name']}{default} {parameter['unit']}  {parameter[language]}", markup=False
        )
    for source in engine.sources:
        out.print(f"    {source}", markup=False)


def demo(path: Path, time_limit_s: float, scale: float) -> None:
    """`lineshaft demo`: the main job of `make run`."""
    language = reader_language()
    engine = find_engine("make.schedule")
    if (path / "works.db").exists():
        shutil.rmtree(path)
    with Works.create(path, "起重机厂 / Crane works") as works:
        fill_with_crane_works(works, scale)
        steps = works.tables()["operation"]
        say(language, f"Crane works: {steps:,} operations to plan.", f"起重机厂:待排 {steps:,} 道工序。")
        limits = {"time_limit_s": time_limit_s, "workers": 2}
        with ProgressLine(language, quiet=False) as line:
            run_id = works.propose(engine, {}, limits, actor="demo", on_progress=line.tell)
        print_result(engine, works.result(run_id), language)
        target = path / "report.html"
        write_report(works, target, run_id)
    say(
        language,
        f"\nReport with the Gantt chart: {target}\n\nWhat to type next:\n"
        f"  .venv/bin/lineshaft show {path}                 what is in the works\n"
        f"  .venv/bin/lineshaft accept {path} {run_id}           make this plan the plan\n"
        f"  .venv/bin/lineshaft template make.schedule my.xlsx   your own data in Excel",
        f"\n带甘特图的报告:{target}\n\n接下来可以输入:\n"
        f"  .venv/bin/lineshaft show {path}                 查看工厂数据\n"
        f"  .venv/bin/lineshaft accept {path} {run_id}           采纳此计划\n"
        f"  .venv/bin/lineshaft template make.schedule my.xlsx   用 Excel 填写自己的数据",
    )


def backup(place: Place, target: Place) -> None:
    """`lineshaft backup`."""
    from lineshaft.store.backup import backup as copy_to

    copy_to(place, target)
    said = shown(target)
    say(reader_language(), f"Backup written to {said}", f"备份已写入 {said}")


def restore(source: Place, place: Place) -> None:
    """`lineshaft restore`."""
    from lineshaft.store.backup import restore as bring_back

    bring_back(source, place)
    said = shown(place)
    say(reader_language(), f"Restored into {said}", f"已恢复到 {said}")


def verify(place: Place, as_json: bool) -> None:
    """`lineshaft verify`."""
    from lineshaft.store.backup import verify as recompute

    faults = recompute(place)
    if as_json:
        print_json({"faults": [fault.as_dict() for fault in faults]})
    if faults:
        raise BadInput(faults)
    if not as_json:
        say(reader_language(), "Every digest holds.", "全部摘要校验一致。")
