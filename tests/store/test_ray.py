"""Ray: a portfolio on two nodes gives the bytes of one done here, and a lost node loses nothing.

Ray runs in a process of its own: it warns and leaves threads as it likes.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest
from nodes import left_behind

pytest.importorskip("ray")
TESTS = Path(__file__).parents[1]
CLI = Path(sysconfig.get_path("scripts")) / "lineshaft"


def run(*words, code=0):
    """What a Python process printed that finds the tests' modules, on its nodes too; its errors when it should fail."""
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS / "store")]),
        "LINESHAFT_LANG": "en",
    }
    done = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, check=False, timeout=900, env=env
    )
    assert done.returncode == code, done.stderr[-5000:]
    return done.stderr if code else done.stdout


@pytest.mark.slow
def test_two_nodes_give_the_same_bytes_and_one_may_be_lost(tmp_path):
    told = json.loads(run(TESTS / "store" / "ray_story.py", tmp_path).splitlines()[-1])
    assert told["ray"] == told["inline"]
    assert len(told["ray"]) == 7
    assert told["cancelled"] == "Cancelled before a first answer was found."
    lost = told["lost"]
    assert (lost["busy"], lost["left"]) == (2, 1)
    assert lost["ended"] == [["done", "cancel", 2]] * 2
    assert lost["kpis"] == [62, 122]


@pytest.mark.slow
def test_the_command_line_starts_a_cluster_and_leaves_none_behind(tmp_path, monkeypatch):
    works, book = tmp_path / "works", tmp_path / "book.xlsx"
    with tempfile.TemporaryDirectory(prefix="lsr", dir="/tmp", ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        run(CLI, "template", "make.schedule", book, "--example")
        run(CLI, "init", works)
        run(CLI, "import", works, book)
        asked = ("--work-limit", "1", "--seeds", "1-2", "--executor", "ray://local", "--json")
        answer = json.loads(run(CLI, "run", "make.schedule", works, *asked))
        assert list(Path(folder).iterdir()), "Ray worked elsewhere"
        assert left_behind(folder) == []
    assert [line["status"] for line in answer["runs"]] == ["done", "done"]


@pytest.mark.slow
def test_where_no_cluster_answers_one_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    run(CLI, "init", tmp_path / "works")
    said = run(CLI, "run", "make.schedule", tmp_path / "works", "--executor", "ray://auto", code=4)
    assert "No Ray cluster answers at ray://auto" in said
    assert "Traceback" not in said
