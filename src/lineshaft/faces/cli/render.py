"""What the command line prints: results, faults, previews and tables, in the reader's language."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lineshaft.core import BadInput, Engine, Fault, Kpi, LineshaftError, Result, Words
from lineshaft.faces.saying import STATUS, STOPPED, amount, duration, kpi_name, reason_words

FAULTS_SHOWN = 50
REASONS_SHOWN = 12
NOTES_SHOWN = 8

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(language: str, en: str, zh: str) -> None:
    """One line in the reader's language."""
    out.print(Words(en, zh).say(language), markup=False)


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def print_error(error: LineshaftError, *, as_json: bool, language: str) -> None:
    """A user's mistake in both languages: the reader's first, each fault with its place."""
    faults = error.faults if isinstance(error, BadInput) else []
    if as_json:
        print_json(
            {
                "error": type(error).__name__,
                "en": error.words.en,
                "zh": error.words.zh,
                "faults": [fault.as_dict() for fault in faults],
            }
        )
    other = "en" if language == "zh" else "zh"
    err.print(f"{error.words.say(language)} / {error.words.say(other)}", style="red", markup=False)
    print_faults(faults, language)


def print_faults(faults: Iterable[Fault], language: str) -> None:
    """Faults, one line each, in both languages."""
    faults = list(faults)
    other = "en" if language == "zh" else "zh"
    for fault in faults[:FAULTS_SHOWN]:
        err.print(f"  {fault.say(language)} / {fault.words.say(other)}", markup=False)
    if len(faults) > FAULTS_SHOWN:
        more = len(faults) - FAULTS_SHOWN
        err.print(f"  … {Words(f'{more} more', f'另有 {more} 处').say(language)}", markup=False)


def print_notes(notes: Sequence[Words], kept: Path | None, language: str) -> None:
    """The first notes of an import on standard error; all of them, in both languages, in the file `kept`."""
    for note in notes[:NOTES_SHOWN]:
        err.print(note.say(language), markup=False)
    if notes and kept:
        kept.write_text("\n".join(f"{note.zh}\n{note.en}" for note in notes) + "\n", encoding="utf-8")
    if len(notes) > NOTES_SHOWN:
        more, where = len(notes) - NOTES_SHOWN, f": {kept}" if kept else ""
        err.print(Words(f"… {more} more{where}", f"…… 另有 {more} 条{where}").say(language), markup=False)


def result_json(engine: Engine, result: Result[Any], run_id: str = "") -> dict[str, Any]:
    """A result as `--json` prints it."""

    def told(reason: Any) -> dict[str, Any]:
        words = reason_words(engine, reason)
        key = [str(part) for part in reason.key]
        return {
            "table": reason.table,
            "key": key,
            "code": reason.code,
            "facts": dict(reason.facts),
            "en": words.en,
            "zh": words.zh,
        }

    return {
        "engine": result.engine,
        "version": result.version,
        "run": run_id,
        "status": result.status,
        "stopped_by": result.stopped_by,
        "work": result.work,
        "digest": result.digest,
        "kpis": [kpi_json(kpi) for kpi in result.kpis],
        "reasons": [told(reason) for reason in result.reasons],
        "warnings": [told(warning) for warning in result.warnings],
    }


def kpi_json(kpi: Kpi) -> dict[str, Any]:
    """A figure as `--json` prints it."""
    return {
        "name": kpi.name,
        "value": kpi.value,
        "unit": kpi.unit,
        "bound": kpi.bound,
        "gap": kpi.gap,
        "status": kpi.status,
    }


def print_result(engine: Engine, result: Result[Any], language: str) -> None:
    """KPIs with bound and gap, then the reasons."""
    headings = {
        "zh": ("指标", "数值", "合", "已证下界", "差距"),
        "en": ("figure", "value", "that is", "proven bound", "gap"),
    }[language]
    table = Table(title=Words(*engine.title).say(language), title_justify="left", box=None, pad_edge=False)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position == 0 else "right")
    for kpi in result.kpis:
        table.add_row(
            kpi_name(kpi, language),
            amount(kpi.value, kpi.unit),
            duration(kpi.value, language) if kpi.unit == "min" else "",
            "-" if kpi.bound is None else amount(kpi.bound, kpi.unit),
            "-" if kpi.gap is None else f"{100 * kpi.gap:.1f}\u202f%",
        )
    out.print(table)
    status, stopped = STATUS[result.status].say(language), STOPPED[result.stopped_by].say(language)
    out.print(f"{status} · {stopped}", markup=False)
    for warning in result.warnings:
        out.print(f"! {reason_words(engine, warning).say(language)}", style="yellow", markup=False)
    if result.reasons:
        heads = [reason for reason in result.reasons if reason.code == "late"] or list(result.reasons)
        say(language, f"\nReasons ({len(heads)})", f"\n原因({len(heads)})")
        for reason in heads[:REASONS_SHOWN]:
            out.print(f"  {reason_words(engine, reason).say(language)}", markup=False)
        if len(heads) > REASONS_SHOWN:
            more = len(heads) - REASONS_SHOWN
            say(language, f"  … {more} more in the report", f"  … 其余 {more} 条见报告")


def print_changes(counts: Mapping[str, Mapping[str, int]], language: str) -> None:
    """Rows inserted, changed and removed by table."""
    headings = {"zh": ("表", "新增", "修改", "删除"), "en": ("table", "inserted", "changed", "removed")}[
        language
    ]
    table = Table(box=None, pad_edge=False)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position == 0 else "right")
    for name, count in counts.items():
        table.add_row(name, *(f"{count[part]:,}" for part in ("inserted", "changed", "removed")))
    out.print(table)


def print_frame(frame: pl.DataFrame, rows: int) -> None:
    """The first rows of a frame, whole cells."""
    table = Table(box=None, pad_edge=False)
    for name in frame.columns:
        table.add_column(name, justify="right" if frame.schema[name].is_numeric() else "left")
    for row in frame.head(rows).iter_rows():
        table.add_row(*map(_cell, row))
    out.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


class ProgressLine:
    """A progress bar on standard error while a run works; silent where nobody watches."""

    def __init__(self, language: str, *, quiet: bool) -> None:
        self.language = language
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            console=err,
            transient=True,
            disable=quiet or not err.is_terminal,
        )
        self.task = self.bar.add_task("", total=1.0)

    def __enter__(self) -> ProgressLine:
        self.bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.bar.stop()

    def tell(self, fraction: float, words: Words) -> None:
        """Show how far the run is."""
        self.bar.update(self.task, completed=fraction, description=words.say(self.language))
