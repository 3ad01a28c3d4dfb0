"""The agents' server: which tools there are, how errors are told, table schemas as resources."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ValidationError

import lineshaft
from lineshaft.core import BadInput, Fault, LineshaftError, Missing, NotAllowed, Words, find_engine
from lineshaft.faces.desk.describing import describe_engine
from lineshaft.faces.mcp import deciding, looking, planning
from lineshaft.faces.mcp.seat import Ctx, language, seat
from lineshaft.faces.mcp.telling import faults_out

if TYPE_CHECKING:
    from lineshaft.store.site import Site, Who

LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
PROPOSES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
DECIDES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)
TOOLS: tuple[tuple[Callable[..., Any], str, ToolAnnotations], ...] = (
    (looking.list_works, "Works / 工厂列表", LOOKS),
    (looking.list_engines, "Engines / 功能列表", LOOKS),
    (looking.describe, "Describe / 说明", LOOKS),
    (looking.read_table, "Read a table / 查看数据表", LOOKS),
    (looking.check_data, "Check the data / 校验数据", LOOKS),
    (looking.trace, "Trace an object / 追溯", LOOKS),
    (planning.plan, "Plan / 排产与计算", PROPOSES),
    (planning.progress, "Progress / 进度", LOOKS),
    (planning.cancel, "Stop a run / 停止运行", PROPOSES),
    (planning.what_if, "What if / 假设分析", PROPOSES),
    (planning.edit, "Edit a plan / 调整计划", PROPOSES),
    (deciding.explain, "Explain / 原因", LOOKS),
    (deciding.compare, "Compare / 比较", LOOKS),
    (deciding.preview, "Preview / 预览更改", LOOKS),
    (deciding.accept, "Accept / 采纳", DECIDES),
    (deciding.undo, "Undo / 撤销", DECIDES),
)
INSTRUCTIONS = """Lineshaft plans and computes for manufacturing plants. A works is a plant's data (tables); an engine reads
tables and proposes others; a run is one such proposal with figures, proven bounds and reasons. Nothing changes until a
proposal is accepted, and an accept can be undone.

Usual way: list_works → describe(works) for what needs attention today → check_data → plan → explain (why is an order
late?) → what_if or edit to try a remedy → compare → preview → ask the person you work for → accept with the preview's
`confirm` → undo if it was wrong.

Runs may take longer than a call waits: then ask progress. Quote reasons and figures as they are given; do not make up
causes. Times are in the works' time zone with offset; figures carry their unit. Answers are short: `left_out` says how
many rows are missing and `next` how to get them. Errors name the place and the way out in English and Chinese; text
answers follow Accept-Language (HTTP) or LINESHAFT_LANG (stdio). / Lineshaft 为制造企业排产与计算。先看 list_works 与
describe(works);方案在采纳前不更改任何数据,采纳后可撤销。
"""
LOG = logging.getLogger(__name__)
WAY_OUT = {
    "Missing": Words(
        "list_works, describe and trace name what there is.", "可用 list_works、describe、trace 查看。"
    ),
    "NotAllowed": Words(
        "Tell the person you work for; list_works says what you may do here.",
        "请告知委托人;list_works 列出您的权限。",
    ),
    "Refused": Words(
        "Look at the present state with describe or preview, then decide again.",
        "请用 describe 或 preview 查看当前状态后再定。",
    ),
    "BadInput": Words(
        "Correct each place named and call again; describe lists names, units and allowed values.",
        "请逐处改正后重试;describe 列出名称、单位与可选值。",
    ),
}
FAULTS_MOST = 6_000


class Agents(MCPServer[Any]):
    """Tools for agents. Every call is made as a person or token of the site and is held to what they may do.

    Parameters
    ----------
    site : Site
        Whose works are served.
    person : callable, optional
        Who asks when a call comes without an HTTP request (stdio).
    beside : callable, optional
        What runs while the server does: from the server to an asynchronous context.
    """

    def __init__(
        self,
        site: Site,
        person: Callable[[], Who] | None = None,
        beside: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None,
    ) -> None:
        with _logging_untouched():
            super().__init__(
                name="lineshaft",
                title="Lineshaft",
                description="Planning and computing for manufacturing plants / 制造企业的排产与计算",
                instructions=INSTRUCTIONS,
                version=lineshaft.__version__,
                tools=[_tool(*tool) for tool in TOOLS],
                subscriptions=False,
                lifespan=beside,
            )
        self.site, self._person = site, person
        for uri, read in RESOURCES.items():
            self.resource(
                uri, title=read.__name__, description=inspect.getdoc(read), mime_type="application/json"
            )(read)

    def person(self) -> Who:
        """Who asks without an HTTP request.

        Raises
        ------
        NotAllowed
            Nobody may.
        """
        if self._person is None:
            raise NotAllowed("Sign in with a token first.", "请先使用令牌登录。")
        return self._person()

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> Any:
        """Call a tool; a mistake comes back as a tool error in both languages with the way out."""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            return refusal(user_error(error, name), language(context) if context else "en")

    async def read_resource(self, uri: Any, context: Context[Any, Any] | None = None) -> Any:
        """Read a resource; a mistake is told in both languages."""
        try:
            return await super().read_resource(uri, context)
        except ResourceError as error:
            cause = error.__cause__
            if isinstance(cause, LineshaftError):
                raise ResourceError(f"{cause.words.en} / {cause.words.zh}") from None
            raise


def _tool(call: Callable[..., Any], title: str, hints: ToolAnnotations) -> Tool:
    tool = Tool.from_function(call, title=title, description=inspect.getdoc(call), annotations=hints)
    tool.parameters = terse(tool.parameters)
    tool.fn_metadata.output_schema = terse(tool.fn_metadata.output_schema)
    return tool


def terse(schema: Any) -> Any:
    """A JSON schema without the titles that repeat its names: a model reads all of it before its first call."""
    if isinstance(schema, list):
        return [terse(part) for part in schema]
    if isinstance(schema, dict):
        return {
            name: terse(part)
            for name, part in schema.items()
            if not (name == "title" and isinstance(part, str))
        }
    return schema


def user_error(error: ToolError, name: str) -> LineshaftError:
    """What went wrong, as something the caller can put right."""
    cause = error.__cause__
    if isinstance(cause, LineshaftError):
        return cause
    if isinstance(cause, ValidationError):
        return BadInput([_argument_fault(one) for one in cause.errors()])
    if cause is None:
        known = ", ".join(tool.__name__ for tool, *_ in TOOLS)
        return Missing(f"There is no tool {name!r}; there are: {known}.", f"没有工具 {name!r};可用:{known}。")
    LOG.error("a tool failed", exc_info=cause)
    return LineshaftError(
        "Something is wrong inside Lineshaft, not with your call; it has been logged.",
        "Lineshaft 内部出错(与您的请求无关),已记入日志。",
    )


def refusal(error: LineshaftError, said: str) -> CallToolResult:
    """A tool error: what is wrong, where, and what to do."""
    kind = type(error).__name__
    faults = error.faults if isinstance(error, BadInput) else []
    shown = faults_out(faults, FAULTS_MOST)
    way_out = WAY_OUT.get(kind, Words("", ""))
    body = {
        "error": kind,
        "en": error.words.en,
        "zh": error.words.zh,
        "faults": [fault.model_dump() for fault in shown],
        "left_out": len(faults) - len(shown),
        "next": way_out.en,
    }
    lines = [f"{error.words.en} / {error.words.zh}"]
    lines += [f"- {fault.say(said)}" for fault in faults[: len(shown)]]
    lines += [f"… {body['left_out']} more / 另有 {body['left_out']} 处"] if body["left_out"] else []
    lines += [f"→ {way_out.en} / {way_out.zh}"] if way_out.en else []
    text = TextContent(type="text", text="\n".join(lines))
    return CallToolResult(content=[text], structured_content=body, is_error=True)


def _argument_fault(found: Any) -> Fault:
    """One argument that does not fit the tool's schema."""
    place = ".".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        words = Words("must be given", "必须填写")
    elif found["type"] == "extra_forbidden":
        words = Words("is not known", "未知参数")
    else:
        words = Words(f"does not fit: {found['msg']}", f"不符合要求:{found['msg']}")
    value = found["input"] if isinstance(found["input"], str | int | float) else None
    return Fault("arguments", (), place, value, found["type"], words)


def table_schema(works: str, table: str, ctx: Ctx) -> str:
    """A table's columns with type, unit, key, references and titles in both languages."""
    return _json(seat(ctx, works).desk.describe_table(table))


def engine_schema(works: str, engine: str, ctx: Ctx) -> str:
    """Everything an engine reads and proposes, with all columns, and its parameters: long."""
    seat(ctx, works)
    return _json(describe_engine(find_engine(engine)))


RESOURCES: dict[str, Callable[..., str]] = {
    "lineshaft://works/{works}/tables/{table}": table_schema,
    "lineshaft://works/{works}/engines/{engine}": engine_schema,
}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


@contextmanager
def _logging_untouched() -> Iterator[None]:
    """The SDK's server puts a handler of its own on the root logger, which is the process's affair."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
