"""Runs on the nodes of a Ray cluster. A run whose node is lost is given to another; its answer has the same bytes."""

from __future__ import annotations

import importlib
import logging
import os
import uuid
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lineshaft.core import Cancelled, LineshaftError, Missing, Result, Run
from lineshaft.store.companion import BEAT_S, OnProgress
from lineshaft.store.executors.far import PackedRun, Parcel, Word, do_packed, pack_run, unpack_parcel
from lineshaft.store.jobs import ATTEMPTS_MAX
from lineshaft.store.records import RunRecord
from lineshaft.store.worker import see_to

if TYPE_CHECKING:
    from lineshaft.store.works import Works

LOCAL, AUTO = "ray://local", "ray://auto"
LOOK_S = BEAT_S / 4
# Ray reads these when it is imported; it asks 20 times for 40 s each whether a cluster is there
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "2",
}
# what Ray does on desktop systems: its sockets stay on the loopback
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class ClusterLost(LineshaftError):
    """The cluster went away, or no node could be found that lives to the end of the run."""

    exit_code = 8

    def __init__(self, cause: BaseException) -> None:
        name = type(cause).__name__
        super().__init__(
            f"The Ray cluster lost the run ({name}); run it again, or with --executor inline.",
            f"Ray 集群丢失了该运行({name});请重新运行,或改用 --executor inline。",
        )


class Relay:
    """An actor between runs and those who wait for them, as neither can call the other."""

    def __init__(self) -> None:
        self._words: dict[str, Word] = {}
        self._stopped: set[str] = set()

    def tell(self, run: str, word: Word) -> bool:
        """Leave word; True asks the run to stop. An offer stays until it is fetched or there is a better one."""
        unheard = self._words.get(run)
        if unheard and not word.offer:
            word = replace(word, offer=unheard.offer)
        self._words[run] = word
        return run in self._stopped

    def hear(self, run: str, stop: bool) -> Word | None:
        """Fetch what a run has said since, and say whether it shall stop."""
        if stop:
            self._stopped.add(run)
        return self._words.pop(run, None)


class OnRay:
    """A connection to a cluster, one for each process; use it in a `with` statement.

    Parameters
    ----------
    address : str
        ``ray://local`` starts a cluster on this machine that ends with the connection, ``ray://auto`` is the cluster
        this machine belongs to, ``ray://HOST:PORT`` one that is reached through Ray's client server (with its token).

    Raises
    ------
    Missing
        Ray is not installed, or no cluster answers.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        for name, value in (QUIET | (LOOPBACK if address == LOCAL else {})).items():
            os.environ.setdefault(name, value)
        self._ray = _import_ray()

    def __enter__(self) -> OnRay:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        if self._address == LOCAL:
            options |= {"address": "local", "include_dashboard": False}
        else:
            options["address"] = "auto" if self._address == AUTO else self._address
        try:
            self._ray.init(**options)
        except ImportError as error:
            raise _not_installed() from error
        except (OSError, RuntimeError, ValueError) as error:
            raise Missing(
                f"No Ray cluster answers at {self._address}; `ray start --head` starts one, "
                "and one with a token wants it in RAY_AUTH_TOKEN.",
                f"{self._address} 处没有可用的 Ray 集群;可用 ray start --head 启动,"
                "启用令牌的集群须设置 RAY_AUTH_TOKEN。",
            ) from error
        relay = self._ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Relay)
        self._relay = relay.remote()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ray.shutdown()

    @property
    def places(self) -> int:
        """The cluster's cores."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def do(self, works: Works, run: str, on_progress: OnProgress | None = None) -> None:
        """Do a run; its lease is held, and its result stored, on this side."""
        see_to(works, run, on_progress, self._compute)

    def _compute(self, works: Works, record: RunRecord, run: Run) -> Result[Any]:
        packed, mark = pack_run(works, record), uuid.uuid4().hex
        task = self._ray.remote(num_cpus=self._cores(run.workers), max_retries=ATTEMPTS_MAX - 1)(_on_node)
        run.progress(0.0, "waiting for a node", "等待计算节点")
        answer = task.remote(packed, mark, self._relay)
        errors = importlib.import_module("ray.exceptions")
        try:
            self._attend(works, packed, run, answer, mark)
            return unpack_parcel(works, packed.engine, self._ray.get(answer))
        except errors.TaskCancelledError:
            raise Cancelled from None
        except errors.RayTaskError as error:
            raise error.cause from error
        except (errors.RayError, ConnectionError) as error:
            raise ClusterLost(error) from error
        except BaseException:
            self._relay.hear.remote(mark, True)
            self._ray.cancel(answer)
            raise

    def _attend(self, works: Works, packed: PackedRun, run: Run, answer: Any, mark: str) -> None:
        """Pass progress, offers and a cancel on until the answer is there."""
        begun = False
        while not self._ray.wait([answer], timeout=LOOK_S)[0]:
            stop = run.cancelled()
            word: Word | None = self._ray.get(self._relay.hear.remote(mark, stop))
            if word:
                begun = True
                if word.progress:
                    fraction, words = word.progress
                    run.progress(fraction, *words)
                if word.offer:
                    run.offer(unpack_parcel(works, packed.engine, word.offer))
            elif stop and not begun:
                self._ray.cancel(answer)

    def _cores(self, workers: int) -> int:
        """As many cores as a run has searches, but no more than the largest node has: it would wait for ever."""
        nodes = [node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]]
        return max(1, min(workers, int(max(nodes, default=1))))


def _on_node(packed: PackedRun, mark: str, relay: Any) -> Parcel:
    ray = importlib.import_module("ray")
    return do_packed(packed, lambda word: bool(ray.get(relay.tell.remote(mark, word))))


def _import_ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise _not_installed() from error


def _not_installed() -> Missing:
    return Missing(
        "Ray is not installed here; `pip install 'lineshaft[ray]'` adds it.",
        "本机未安装 Ray;请执行 pip install 'lineshaft[ray]'。",
    )
