"""`lineshaft`: the command line, made from the registry. What is imported here decides how fast `--help` answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lineshaft.core import LineshaftError
from lineshaft.faces.cli import site_commands
from lineshaft.faces.cli.engine_commands import EngineGroup
from lineshaft.faces.cli.places import HELP, place_of
from lineshaft.faces.saying import reader_language

app = typer.Typer(
    name="lineshaft",
    help="From a works' tables to decisions that people can check, accept and trace. / 把工厂的数据表变成可核对、可采纳、可追溯的决策。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(
    typer.Typer(cls=EngineGroup, rich_markup_mode=None, no_args_is_help=True),
    name="run",
    help="Propose a decision: run ENGINE WORKS. / 运行功能,生成方案",
)
app.add_typer(
    site_commands.site_app,
    name="site",
    help="Works, people and tokens of a workbench. / 工作台的工厂、用户与令牌",
)
app.command()(site_commands.serve)
app.command()(site_commands.link)

WorksPlace = Annotated[Any, typer.Argument(metavar="WORKS", help=HELP, parser=place_of)]
CopyPlace = Annotated[Any, typer.Argument(help=HELP, parser=place_of)]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object / 输出 JSON")]
Actor = Annotated[str, typer.Option("--by", help="who does it / 操作人", envvar=["LINESHAFT_ACTOR", "USER"])]


def main() -> None:
    """Run the command line; a user's mistake is one readable line in both languages and an exit code."""
    try:
        app()
    except LineshaftError as error:
        from lineshaft.faces.cli.render import print_error

        print_error(error, as_json="--json" in sys.argv, language=reader_language())
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.callback()
def language(
    lang: Annotated[str | None, typer.Option("--lang", help="zh or en / 语言")] = None,
) -> None:
    """Set the language before any command speaks."""
    if lang:
        os.environ["LINESHAFT_LANG"] = lang


@app.command()
def init(
    works: WorksPlace,
    name: Annotated[str, typer.Option(help="name of the works / 工厂名称")] = "",
    zone: Annotated[str, typer.Option(help="time zone / 时区")] = "Asia/Shanghai",
    example: Annotated[str, typer.Option(help="fill with an example: crane-works / 载入示例")] = "",
    scale: Annotated[float, typer.Option(help="size of the example / 示例规模", min=0.05, max=100)] = 1.0,
) -> None:
    """Make a new works / 新建工厂数据目录"""
    from lineshaft.faces.cli import commands

    commands.init(works, name, zone, example, scale)


@app.command("import")
def import_(
    works: WorksPlace,
    source: Annotated[Path, typer.Argument(help="workbook, CSV, Parquet, folder or event log / 文件或目录")],
    layout: Annotated[
        str, typer.Option(help="auto, tables, log, fjsp, jsp, fjssp-w, rcpsp, mmrcpsp / 数据格式")
    ] = "auto",
    mapping: Annotated[Path | None, typer.Option(help="your own headings (JSON) / 列名映射文件")] = None,
    mode: Annotated[str, typer.Option(help="upsert or replace / 合并或替换")] = "upsert",
    partial: Annotated[bool, typer.Option("--partial", help="take the good rows / 仅导入正确的行")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="show, write nothing / 只预览不写入")] = False,
    by: Actor = "",
    as_json: Json = False,
) -> None:
    """Import tables or an event log; every bad cell is named / 导入数据"""
    from lineshaft.faces.cli import commands

    commands.import_(works, source, layout, mapping, mode, partial, preview, by, as_json)


@app.command()
def check(works: WorksPlace, as_json: Json = False) -> None:
    """Check every rule of every table / 校验全部数据"""
    from lineshaft.faces.cli import commands

    commands.check(works, as_json)


@app.command()
def show(
    works: WorksPlace,
    what: Annotated[str, typer.Argument(help="a table or a run; nothing: an overview / 表名或运行编号")] = "",
    rows: Annotated[int, typer.Option(help="rows shown / 显示行数", min=1, max=10_000)] = 20,
    as_json: Json = False,
) -> None:
    """Show the works, one table or one run / 查看"""
    from lineshaft.faces.cli import commands

    commands.show(works, what, rows, as_json)


@app.command()
def flow(
    works: WorksPlace,
    rows: Annotated[int, typer.Option(help="rows shown / 显示行数", min=1, max=10_000)] = 20,
    as_json: Json = False,
) -> None:
    """Flow, load and queues of the plan in force; of what was done, after importing a log / 流程、负荷与排队"""
    from lineshaft.faces.cli import commands

    commands.flow(works, rows, as_json)


@app.command()
def preview(works: WorksPlace, run_id: str, as_json: Json = False) -> None:
    """Show what accepting a run would change / 预览采纳后的变化"""
    from lineshaft.faces.cli import commands

    commands.preview(works, run_id, as_json)


@app.command()
def accept(works: WorksPlace, run_id: str, by: Actor = "", as_json: Json = False) -> None:
    """Accept a proposal / 采纳方案"""
    from lineshaft.faces.cli import commands

    commands.accept(works, run_id, by, as_json)


@app.command()
def undo(
    works: WorksPlace,
    accept_id: Annotated[str, typer.Argument(help="which accept; nothing: the last / 采纳编号")] = "",
    by: Actor = "",
    as_json: Json = False,
) -> None:
    """Undo an accept / 撤销"""
    from lineshaft.faces.cli import commands

    commands.undo(works, accept_id, by, as_json)


@app.command()
def replay(
    run_id: Annotated[str, typer.Argument(help="run / 运行编号")],
    works: Annotated[
        Any, typer.Option("--works", help=HELP, envvar="LINESHAFT_WORKS", parser=place_of)
    ] = Path("."),
    as_json: Json = False,
) -> None:
    """Run again from the stored inputs and compare every byte / 重放并逐字节比对"""
    from lineshaft.faces.cli import commands

    commands.replay(works, run_id, as_json)


@app.command()
def export(
    works: WorksPlace,
    target: Annotated[
        Path, typer.Argument(help="file.xlsx, or a folder for CSV or Parquet / 目标文件或目录")
    ],
    kind: Annotated[str, typer.Option(help="xlsx, csv or parquet / 格式")] = "",
    table: Annotated[list[str], typer.Option(help="only these tables / 仅这些表")] = [],  # noqa: B006
) -> None:
    """Export tables; an import of the file gives the same rows / 导出"""
    from lineshaft.faces.cli import commands

    commands.export(works, target, kind, table)


@app.command()
def template(
    engine: str,
    target: Annotated[Path, typer.Argument(help="file.xlsx / 目标文件")],
    example: Annotated[bool, typer.Option("--example", help="with example rows / 含示例数据")] = False,
) -> None:
    """Write an engine's Excel template / 生成 Excel 模板"""
    from lineshaft.faces.cli import commands

    commands.template(engine, target, example)


@app.command()
def report(
    works: WorksPlace,
    target: Annotated[Path, typer.Argument(help="file.html / 目标文件")],
    run_id: Annotated[
        str, typer.Option("--run", help="a run; nothing: the plan in force / 运行编号,空:生效计划")
    ] = "",
) -> None:
    """Write a plan as one HTML file / 生成 HTML 报告(含甘特图)"""
    from lineshaft.faces.cli import commands

    commands.report(works, target, run_id)


@app.command("engines")
def list_engines(as_json: Json = False) -> None:
    """List the engines / 功能列表"""
    from lineshaft.faces.cli import commands

    commands.list_engines(as_json)


@app.command()
def describe(engine: str, as_json: Json = False) -> None:
    """Describe an engine: tables, parameters, sources / 功能说明"""
    from lineshaft.faces.cli import commands

    commands.describe(engine, as_json)


@app.command()
def demo(
    works: Annotated[Path, typer.Argument(help="folder of the works / 工厂数据目录")] = Path(
        "out/crane-works"
    ),
    time_limit_s: Annotated[float, typer.Option(help="planning time [s] / 排产时间")] = 30.0,
    scale: Annotated[float, typer.Option(help="size / 规模", min=0.05, max=100)] = 1.0,
) -> None:
    """The main job: build, plan and report the crane works / 演示"""
    from lineshaft.faces.cli import commands

    commands.demo(works, time_limit_s, scale)


@app.command()
def backup(works: WorksPlace, target: CopyPlace) -> None:
    """Copy a works safely while it is in use / 备份"""
    from lineshaft.faces.cli import commands

    commands.backup(works, target)


@app.command()
def restore(source: CopyPlace, works: WorksPlace) -> None:
    """Bring a backup back into a new place / 恢复"""
    from lineshaft.faces.cli import commands

    commands.restore(source, works)


@app.command()
def verify(works: WorksPlace, as_json: Json = False) -> None:
    """Recompute every digest of the works / 校验完整性"""
    from lineshaft.faces.cli import commands

    commands.verify(works, as_json)


@app.command("mcp")
def agents(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="folder of the site / 站点目录")],
    user: Annotated[str, typer.Option("--user", help="in whose name; the only person otherwise / 用户")] = "",
) -> None:
    """Serve an AI agent over stdio (Model Context Protocol) / 通过 MCP 为智能体服务"""
    from lineshaft.faces.mcp import run_stdio

    run_stdio(site, user)
