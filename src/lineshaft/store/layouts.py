"""Known layouts of files: each reader turns a file or folder into tables, with notes on what it inferred."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lineshaft.core import Missing, Words

Frames = dict[str, pl.DataFrame]
PLAN_TABLES = ("operation_plan", "resource_plan", "order_plan")


@dataclass(frozen=True)
class Layout:
    """A kind of source: `suffixes` pick the file when a folder is given."""

    suffixes: tuple[str, ...]
    read: Callable[[Path, str], tuple[Frames, list[Words]]]


def read_layout(name: str, path: Path, zone: str = "UTC") -> tuple[Frames, list[Words]]:
    """Tables from `path` in the layout `name`, and what was inferred on the way.

    Parameters
    ----------
    zone
        Where the works is (IANA name): for times that name no zone, and for what a log shows of days and nights.

    Raises
    ------
    Missing
        No such layout, no such file, or a folder without exactly one fitting file.
    BadInput
        The file breaks its format; each place is named.
    """
    if name not in LAYOUTS:
        known = ", ".join(LAYOUTS)
        raise Missing(f"There is no layout {name!r}; known: {known}.", f"没有 {name!r} 格式;可用:{known}。")
    layout = LAYOUTS[name]
    return layout.read(path if not layout.suffixes else the_file(path, layout.suffixes), zone)


def the_file(path: Path, suffixes: tuple[str, ...]) -> Path:
    """`path` itself, or the only fitting file in the folder `path`."""
    if not path.exists():
        raise Missing(f"{path} is not there.", f"{path} 不存在。")
    if path.is_file():
        return path
    fitting = sorted(file for file in path.iterdir() if file.name.lower().endswith(suffixes))
    if len(fitting) != 1:
        ends = ", ".join(suffixes)
        raise Missing(
            f"{path} holds {len(fitting)} files ending in {ends}; name one.",
            f"{path} 中有 {len(fitting)} 个以 {ends} 结尾的文件,请指定其一。",
        )
    return fitting[0]


def _fjsp(path: Path, _zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.instances import read_fjsp

    return read_fjsp(path), []


def _jsp(path: Path, _zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.instances import read_jsp

    return read_jsp(path), []


def _fjssp_w(path: Path, _zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.instances import read_fjssp_w

    return read_fjssp_w(path), []


def _rcpsp(path: Path, _zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.projects import read_rcpsp

    return read_rcpsp(path), []


def _mmrcpsp(path: Path, _zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.projects import read_mmrcpsp

    return read_mmrcpsp(path), []


def _log(path: Path, zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.eventlog import read_event_log
    from lineshaft.store.infer import infer_works

    inferred = infer_works(read_event_log(path, zone=zone), zone=zone)
    as_done = {name: frame for name, frame in inferred.history.items() if name in PLAN_TABLES}
    return inferred.frames | as_done, [finding.words for finding in inferred.report]


def _tables(path: Path, _zone: str) -> tuple[Frames, list[Words]]:
    from lineshaft.store.importing import read_tables

    return read_tables(path), []


LAYOUTS = {
    "tables": Layout((), _tables),
    "log": Layout((".xes", ".xes.gz", ".csv"), _log),
    "fjsp": Layout((".fjs", ".txt"), _fjsp),
    "jsp": Layout((".jsp", ".txt"), _jsp),
    "fjssp-w": Layout((".fjsw", ".fjsw.gz"), _fjssp_w),
    "rcpsp": Layout((".rcp",), _rcpsp),
    "mmrcpsp": Layout((".mm",), _mmrcpsp),
}
