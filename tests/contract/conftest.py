"""Every installed engine and the toy."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from toy_installed import toy_installed

from lineshaft.core import Engine, engines, find_engine

TESTS = Path(__file__).parents[1]

with toy_installed():
    NAMES = list(engines())


@pytest.fixture(autouse=True)
def installed() -> Iterator[Path]:
    with toy_installed() as folder:
        yield folder


@pytest.fixture(params=NAMES)
def engine(request: pytest.FixtureRequest, installed: Path) -> Engine:
    return find_engine(request.param)


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def lineshaft(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command line in this process: a command is a few imports cheaper than a process of its own."""
    from lineshaft.faces.cli.main import main

    monkeypatch.setenv("LINESHAFT_LANG", "en")

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["lineshaft", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as done:
            code = int(done.code or 0)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def lineshaft_process(installed: Path, tmp_path: Path) -> Callable[..., Said]:
    """The command line in a process of its own, which finds the toy by its entry point too."""
    command = Path(sysconfig.get_path("scripts")) / "lineshaft"
    path = os.pathsep.join([str(TESTS), str(installed)])
    home = {"HOME": str(tmp_path), "LINESHAFT_LANG": "en", "PYTHONPATH": path}

    def run(*arguments: object) -> Said:
        done = subprocess.run(
            [sys.executable, str(command), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | home,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run
