"""`lineshaft run ENGINE …`: one subcommand for each installed engine, its options made from its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from lineshaft.core import Limits, engines, find_engine
from lineshaft.core.params import describe
from lineshaft.faces.cli.places import HELP, place_of

COMMON = {
    "works": (
        Any,
        typer.Argument(None, metavar="[WORKS]", help=HELP, parser=place_of),
    ),
    "source": (
        tuple[str, str],
        typer.Option(
            ("", ""),
            "--from",
            metavar="LAYOUT DIR",
            show_default=False,
            help="plan files in a known layout: tables, log, fjsp, jsp, fjssp-w, rcpsp, mmrcpsp / 直接读取文件",
        ),
    ),
    "keep": (
        Any,
        typer.Option(
            None,
            "--keep",
            metavar="PLACE",
            help="with --from: keep the works here / 保留工厂数据",
            parser=place_of,
        ),
    ),
    "as_json": (bool, typer.Option(False, "--json", help="print one JSON object / 输出 JSON")),
    "seeds": (
        str,
        typer.Option("", "--seeds", metavar="1-8", help="a run for each seed, the best marked / 多个种子"),
    ),
    "scenarios": (
        list[Path],
        typer.Option(
            [],
            "--scenario",
            metavar="FILE.json",
            show_default=False,
            help="what-if: a list of cells; may come again / 假设情景,可多次",
        ),
    ),
    "executor": (
        str,
        typer.Option(
            "inline",
            "--executor",
            help="inline, process, ray://local, ray://auto or ray://HOST:PORT / 执行方式",
        ),
    ),
    "by": (str, typer.Option("", "--by", envvar=["LINESHAFT_ACTOR", "USER"], help="who asks / 操作人")),
}


class EngineGroup(TyperGroup):
    """Commands from the registry: names without importing, a command once its engine is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Names of the installed engines."""
        return list(engines())

    def get_command(self, ctx: Any, name: str) -> Any:  # noqa: ARG002
        """The command of one engine."""
        return engine_command(name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """List names and titles; manifests are light."""
        with formatter.section("Engines"):
            formatter.write_dl([(name, " / ".join(find_engine(name).title)) for name in engines()])


def engine_command(name: str) -> Any:
    """A command whose options are the engine's parameters and the limits every run knows."""
    engine = find_engine(name)
    own = describe(engine.load("params"))
    limits = describe(Limits)

    def call(**given: Any) -> None:
        from lineshaft.faces.cli import commands

        common = {key: given.pop(key) for key in COMMON}
        params = _chosen(own, given)
        commands.run(engine, params, _chosen(limits, given), **common)

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for key, (kind, default) in COMMON.items()
        ]
        + [_option(parameter) for parameter in own + limits]
    )
    call.__doc__ = " / ".join(engine.title)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name)(call)
    return typer.main.get_command(app)


def _option(parameter: Mapping[str, Any]) -> inspect.Parameter:
    unit = f" [{parameter['unit']}]" if parameter["unit"] else ""
    among = f" ({', '.join(parameter['choices'])})" if parameter["choices"] else ""
    default = parameter["default"]
    shown = default.isoformat() if isinstance(default, datetime) else default
    usual = f"; {shown}" if shown is not None else ""
    option = typer.Option(
        None,
        "--" + parameter["name"].replace("_", "-"),
        help=f"{parameter['en']}{unit}{among} / {parameter['zh']}{usual}",
        metavar=parameter["type"].__name__.upper(),
    )
    return inspect.Parameter(
        parameter["name"], inspect.Parameter.KEYWORD_ONLY, default=option, annotation=str | None
    )


def _chosen(parameters: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    names = [parameter["name"] for parameter in parameters]
    return {name: given[name] for name in names if given.get(name) is not None}
