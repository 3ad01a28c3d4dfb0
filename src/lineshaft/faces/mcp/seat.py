"""Where a tool call sits: the desk of whoever asks, the works' time zone and the reader's language."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import anyio.to_thread
from mcp.server.mcpserver import Context

from lineshaft.core import Engine, Missing
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.saying import reader_language
from lineshaft.store.records import RunRecord

if TYPE_CHECKING:
    from lineshaft.store.site import Who

WHO = "lineshaft.who"
Ctx = Context[Any, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Seat:
    """One person or token at one works."""

    desk: Desk
    zone: ZoneInfo
    language: str

    def engine_of(self, record: RunRecord) -> Engine:
        """The engine of a run."""
        return self.desk.works.engine(record.engine)

    def run_or_in_force(self, run: str, engine: str = "") -> RunRecord:
        """A run by name, else the one whose plan is in force.

        Raises
        ------
        Missing
            No such run; nothing in force; several engines have something in force and none is named.
        """
        if run:
            return self.desk.run(run)
        names = [engine] if engine else [manifest.name for manifest in self.desk.engines()]
        found = [
            record for name in names if (record := self.desk.in_force(self.desk.works.engine(name).name))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            among = ", ".join(record.engine for record in found)
            raise Missing(
                f"Several plans are in force: name a run or an engine ({among}).",
                f"有多个生效计划:请指定运行编号或功能({among})。",
            )
        raise Missing(
            "No run stands for the plan in force (nothing accepted yet, or its tables were changed since): "
            "name a run. describe(works) lists runs; plan makes one.",
            "没有与生效计划对应的运行(尚未采纳方案,或其数据表已更改):请指定运行编号。"
            "describe(works) 可列出运行,plan 可新建。",
        )


async def off_loop(work: Callable[..., T], *given: Any) -> T:
    """Do what reads or writes the store in a thread, so that others are served meanwhile."""
    return await anyio.to_thread.run_sync(work, *given)


def seat(ctx: Context[Any, Any], works: str) -> Seat:
    """The seat of a call.

    Raises
    ------
    Missing
        No such works, or none that this person may see.
    """
    server: Any = ctx.mcp_server
    desk = Desk(server.site, works, who(ctx))
    return Seat(desk, ZoneInfo(desk.works.time_zone), language(ctx))


def who(ctx: Context[Any, Any]) -> Who:
    """Who asks: by the request's token, or whom the process was started for."""
    server: Any = ctx.mcp_server
    request = ctx.request_context.request
    person: Who = server.person() if request is None else request.scope[WHO]
    return person


def language(ctx: Context[Any, Any]) -> str:
    """ "zh" or "en": as the request asks (Accept-Language), else as the process speaks."""
    asked = (ctx.headers or {}).get("accept-language", "").lower().lstrip()
    return reader_language(asked[:2] if asked[:2] in ("zh", "en") else os.environ.get("LINESHAFT_LANG"))
