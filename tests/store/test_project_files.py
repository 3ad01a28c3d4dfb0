"""Published projects as tables: what each format says, and the line that breaks it."""

from pathlib import Path

import pytest

from lineshaft.core import BadInput, Missing
from lineshaft.store.layouts import read_layout
from lineshaft.store.projects import read_mmrcpsp, read_rcpsp
from lineshaft.tables import TABLES

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "aps"

RCP = "4 2\n3 1\n0 0 0 2 2 3\n4 2 0 1 4\n5 3 1 1 4\n0 0 0 0\n"
MM = """\
****
jobs (incl. supersource/sink ):  3
RESOURCES
  - renewable                 :  1   R
  - nonrenewable              :  1   N
  - doubly constrained        :  0   D
****
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          1           2
   2        2          1           3
   3        1          0
****
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  N 1
------------------------------
  1      1     0       0    0
  2      1     3       2    7
         2     8       1    0
  3      1     0       0    0
****
RESOURCEAVAILABILITIES:
  R 1  N 1
    2    6
****
"""


def write(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_mode(tmp_path):
    frames = read_rcpsp(write(tmp_path, RCP, "a.rcp"))
    for name, frame in frames.items():
        TABLES[name].validate(frame)
    demands = frames["resource_demand"].select("op_no", "resource_id", "quantity").rows()
    assert demands == [(2, "R1", 2), (3, "R1", 3), (3, "R2", 1)]
    arcs = frames["segment_dependency"].select("after_op_no", "op_no").rows()
    assert sorted(arcs) == [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert frames["operation_mode"]["lot_s"].to_list() == [0, 240, 300, 0]
    assert frames["resource"].select("resource_id", "kind", "capacity").rows() == [
        ("R1", "machine", 3),
        ("R2", "machine", 1),
    ]


def test_several_modes_and_a_budget(tmp_path):
    frames = read_mmrcpsp(write(tmp_path, MM, "a.mm"))
    for name, frame in frames.items():
        TABLES[name].validate(frame)
    modes = frames["operation_mode"].select("op_no", "mode_no", "lot_s").rows()
    assert modes == [(1, 1, 0), (2, 1, 180), (2, 2, 480), (3, 1, 0)]
    demands = frames["resource_demand"].select("op_no", "mode_no", "resource_id", "quantity").rows()
    assert demands == [(2, 1, "R1", 2), (2, 1, "N1", 7), (2, 2, "R1", 1)]
    assert frames["resource"].select("resource_id", "kind", "capacity").rows() == [
        ("R1", "machine", 2),
        ("N1", "budget", 6),
    ]


def test_both_are_layouts_of_import(tmp_path):
    assert read_layout("rcpsp", write(tmp_path, RCP, "a.rcp"))[0]["operation"].height == 4
    assert read_layout("mmrcpsp", write(tmp_path, MM, "a.mm"))[0]["operation"].height == 3


@pytest.mark.parametrize(
    ("text", "read", "line"),
    [
        (RCP.replace("4 2 0 1 4", "4 2 0 1 9"), read_rcpsp, "line 4"),
        (RCP.replace("4 2 0 1 4", "4 2 x 1 4"), read_rcpsp, "line 4"),
        (RCP.replace("2 2 3", "1 2"), read_rcpsp, "activity 3 follows none"),
        (RCP + "7\n", read_rcpsp, "line 7"),
        (RCP[:-10], read_rcpsp, "ends before"),
        (MM.replace("  3      1     0", "  4      1     0"), read_mmrcpsp, "line 20"),
        (MM.replace("REQUESTS", "QUESTS"), read_mmrcpsp, "there is no line 'REQUESTS/DURATIONS'"),
        (MM.replace(":  0   D", ":  1   D"), read_mmrcpsp, "line 6"),
        (MM.replace(":  1   N", ":"), read_mmrcpsp, "no number follows '- nonrenewable'"),
        (MM.replace("    2    6", "    2    6    9"), read_mmrcpsp, "line 24"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, read, line):
    with pytest.raises(BadInput) as caught:
        read(write(tmp_path, text, "a.txt"))
    assert line in caught.value.faults[0].words.en


def test_no_file(tmp_path):
    with pytest.raises(Missing):
        read_rcpsp(tmp_path / "none.rcp")


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")
@pytest.mark.parametrize(
    ("name", "read", "steps"),
    [("rcpsp/j120/j120_1_1.rcp", read_rcpsp, 122), ("mmrcpsp/j3011_1.mm", read_mmrcpsp, 32)],
)
def test_published_files(name, read, steps):
    frames = read(DATA / name)
    assert frames["operation"].height == steps
    assert frames["segment_dependency"]["op_no"].n_unique() == steps - 1
