"""A workbench in a process of its own, with its crew, started like everybody's and killed like nobody's."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

SERVE = "from lineshaft.faces.cli.main import main; main()"
START_S = 120


class Server:
    """`lineshaft serve` on a free port of loopback."""

    def __init__(self, folder: Path, toy: Path, workers: int = 1) -> None:
        self.folder, self._toy, self._workers = folder, toy, workers
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        tests = Path(__file__).parents[1]
        command = [sys.executable, "-c", SERVE, "serve", str(self.folder), "--port", str(self.port)]
        path = os.pathsep.join([str(tests), str(self._toy)])
        self._process = subprocess.Popen(
            [*command, "--workers", str(self._workers)],
            env={**os.environ, "PYTHONPATH": path, "LINESHAFT_LANG": "en"},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + START_S
        while not self._is_well():
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill -9 of everything at once: server and workers."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an interrupt from the keyboard."""
        self._end(signal.SIGINT)

    def _end(self, kind: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, kind)
            self._process.wait(60)
            self._process = None

    def _is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/v1/health", timeout=30).status_code == 200
        except httpx.TransportError:
            return False
