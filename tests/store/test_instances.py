import gzip
from pathlib import Path

import polars as pl
import pytest

from lineshaft.core import BadInput, Missing
from lineshaft.store.instances import read_fajsp, read_fjsp, read_fjsp_sdst, read_fjssp_w, read_jsp
from lineshaft.tables import TABLES

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "aps"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")

FJSP = "2 2 1.5\n2 2 1 3 2 4 1 2 5\n1 1 1 7\n"
JSP = "2 2\n0 3 1 4\n1 5 0 7\n"
TAILLARD = "2 2\nTimes\n3 4\n5 7\nMachines\n1 2\n2 1\n"
SDST = FJSP + "0 1\n2 0\n\n0 3\n4 0\n"
FAJSP = "# assembly\n4 3 2\n0 2\n1 2\n2 3\n1 0 3\n1 1 4\n2 0 5 1 6\n1 1 7\n"
FJSSP_W = "1 2 2\n1 2 1 2 1 3 2 4 2 1 2 9\n"


def write(folder: Path, text: str, name: str = "case.fjs") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def modes(frames: dict[str, pl.DataFrame]) -> list[tuple[str, int, tuple[str, ...], int]]:
    held = (
        frames["resource_demand"]
        .group_by("order_id", "op_no", "mode_no", maintain_order=True)
        .agg("resource_id")
    )
    rows = frames["operation_mode"].join(held, on=["order_id", "op_no", "mode_no"], maintain_order="left")
    return [
        (r["order_id"], r["op_no"], tuple(r["resource_id"]), r["lot_s"]) for r in rows.iter_rows(named=True)
    ]


def test_fjsp_keeps_every_alternative(tmp_path):
    frames = read_fjsp(write(tmp_path, FJSP))
    assert modes(frames) == [
        ("J1", 1, ("M1",), 180),
        ("J1", 1, ("M2",), 240),
        ("J1", 2, ("M2",), 300),
        ("J2", 1, ("M1",), 420),
    ]
    for name, frame in frames.items():
        TABLES[name].validate(frame)


def test_job_shop_rows_and_taillard_matrices_say_the_same(tmp_path):
    rows, matrices = read_jsp(write(tmp_path, JSP)), read_jsp(write(tmp_path, TAILLARD, "ta.txt"))
    assert modes(rows) == modes(matrices)
    assert modes(rows)[:2] == [("J1", 1, ("M1",), 180), ("J1", 2, ("M2",), 240)]


def test_a_step_with_workers_holds_machine_and_worker(tmp_path):
    frames = read_fjssp_w(write(tmp_path, FJSSP_W))
    assert modes(frames) == [
        ("J1", 1, ("M1", "W1"), 180),
        ("J1", 1, ("M1", "W2"), 240),
        ("J1", 1, ("M2", "W2"), 540),
    ]
    assert frames["resource"]["kind"].to_list() == ["machine", "machine", "person", "person"]


def test_a_row_may_end_in_minus_ones(tmp_path):
    closed = JSP.replace("4\n", "4 -1 -1\n")
    assert modes(read_jsp(write(tmp_path, closed))) == modes(read_jsp(write(tmp_path, JSP, "b.txt")))


def test_setups_go_from_job_to_job_on_each_machine(tmp_path):
    frames = read_fjsp_sdst(write(tmp_path, SDST))
    assert modes(frames) == modes(read_fjsp(write(tmp_path, FJSP)))
    assert frames["operation"]["family_id"].to_list() == frames["operation"]["order_id"].to_list()
    assert frames["resource"]["setup_group"].to_list() == ["M1", "M2"]
    rows = frames["setup_time"].select("setup_group", "from_family_id", "to_family_id", "setup_s").rows()
    assert [row for row in rows if row[3]] == [
        ("M1", "J1", "J2", 60),
        ("M1", "J2", "J1", 120),
        ("M2", "J1", "J2", 180),
        ("M2", "J2", "J1", 240),
    ]
    for name, frame in frames.items():
        TABLES[name].validate(frame)


def test_an_assembly_becomes_chains_with_dependencies(tmp_path):
    frames = read_fajsp(write(tmp_path, FAJSP))
    assert modes(frames) == [
        ("J1", 1, ("M1",), 180),
        ("J1", 2, ("M1",), 300),
        ("J1", 2, ("M2",), 360),
        ("J1", 3, ("M2",), 420),
        ("J2", 1, ("M2",), 240),
    ]
    rows = frames["segment_dependency"].select("order_id", "op_no", "after_order_id", "after_op_no").rows()
    assert sorted(rows) == [("J1", 2, "J1", 1), ("J1", 2, "J2", 1), ("J1", 3, "J1", 2)]
    for name, frame in frames.items():
        TABLES[name].validate(frame)


def test_gzip_is_read_like_text(tmp_path):
    path = tmp_path / "case.fjsw.gz"
    path.write_bytes(gzip.compress(FJSSP_W.encode()))
    assert modes(read_fjssp_w(path)) == modes(read_fjssp_w(write(tmp_path, FJSSP_W)))


@pytest.mark.parametrize(
    ("read", "text", "line"),
    [
        (read_fjsp, "2\n", 1),
        (read_fjsp, "2 2\n1 1 3 5\n", 2),
        (read_fjsp, "2 2\n1 1 1 5\n1 1 1 x\n", 3),
        (read_fjsp, "2 2\n1 1 1 -5\n", 2),
        (read_fjsp, "2 2\n1 1 1 5\n", 2),
        (read_fjsp, "1 2\n1 1 1 5\n7\n", 3),
        (read_fjsp, "1 2\n0\n", 2),
        (read_fjsp, "1 2\n1 1 1 99999999999999999999\n", 2),
        (read_jsp, "2 2\n0 3 1 4\n1 5 0\n", 3),
        (read_jsp, "2 2\n0 3 1 4\n2 5 0 1\n", 3),
        (read_jsp, "3 2\n0 3 1 4\n1 5 0 1\n", 3),
        (read_jsp, "2 2\n0 3 1 4 -1\n1 5 0 1\n", 2),
        (read_fjsp_sdst, FJSP + "0 1\n2 0\n\n0 3\n4\n", 8),
        (read_fjsp_sdst, SDST + "9\n", 9),
        (read_fajsp, FAJSP.replace("2 3\n", "3 4\n"), 5),
        (read_fajsp, FAJSP.replace("1 2\n", "3 0\n"), 9),
        (read_fjssp_w, "1 2 2\n1 1 1 1 3 4\n", 2),
        (read_fjssp_w, "1 2\n1 1 1 1 1 4\n", 1),
    ],
)
def test_a_broken_line_is_named_in_both_languages(tmp_path, read, text, line):
    with pytest.raises(BadInput) as caught:
        read(write(tmp_path, text))
    fault = caught.value.faults[0]
    assert fault.words.en.startswith(f"line {line}: ")
    assert fault.words.zh.startswith(f"第 {line} 行:")


def test_what_is_no_instance_at_all_is_refused(tmp_path):
    with pytest.raises(Missing):
        read_fjsp(tmp_path / "none.fjs")
    binary = tmp_path / "case.fjs"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    damaged = tmp_path / "case.fjsw.gz"
    damaged.write_bytes(gzip.compress(b"1 1 1\n")[:-6])
    for read, path in (
        (read_fjsp, binary),
        (read_fjssp_w, damaged),
        (read_fjsp, write(tmp_path, "", "e.fjs")),
    ):
        with pytest.raises(BadInput):
            read(path)


@needs_data
@pytest.mark.parametrize(
    ("read", "name", "orders", "steps", "ways"),
    [
        (read_fjsp, "fjsp/Brandimarte1993/mk01.txt", 10, 55, 115),
        (read_jsp, "jsp/FisherThompson1963/ft06.txt", 6, 36, 36),
        (read_jsp, "jsp/BoverouxErnstLouveaux2025/bel06.txt", 678, 4607, 4607),
        (read_fjsp_sdst, "fjsp-sdst/BrandimarteMk1.fjs", 10, 55, 115),
        (read_fajsp, "fjsp/BFFMOR2014/YFJS01.txt", 7, 40, 104),
        (read_fjssp_w, "fjssp-w/BrandimarteMk2.fjsw", 10, 58, None),
    ],
)
def test_published_instances_have_their_published_size(read, name, orders, steps, ways):
    frames = read(DATA / name)
    assert (frames["work_order"].height, frames["operation"].height) == (orders, steps)
    assert ways in (None, frames["operation_mode"].height)
