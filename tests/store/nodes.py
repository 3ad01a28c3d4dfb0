"""A Ray cluster of two nodes with one core each on the loopback, gone without a trace afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lineshaft.store.executors.on_ray import LOOPBACK, QUIET

HERE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False}


@contextlib.contextmanager
def two_nodes() -> Iterator[Any]:
    """The cluster; while it lives, ``ray://auto`` means this one."""
    os.environ |= QUIET | LOOPBACK
    from ray.cluster_utils import Cluster

    os.makedirs("/tmp/ray", exist_ok=True)
    folder = tempfile.mkdtemp(prefix="lsr", dir="/tmp")
    cluster = None
    try:
        cluster = Cluster(initialize_head=True, head_node_args={**HERE, "temp_dir": folder})
        cluster.add_node(**HERE, temp_dir=folder)
        os.environ["RAY_ADDRESS"] = cluster.address
        yield cluster
    finally:
        os.environ.pop("RAY_ADDRESS", None)
        if cluster:
            cluster.shutdown()
        for process in left_behind(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def left_behind(folder: str) -> list[int]:
    """Processes of the cluster that works in `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and folder.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found
