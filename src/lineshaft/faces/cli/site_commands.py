"""`lineshaft serve`, `lineshaft link` and `lineshaft site …`, as typer sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SitePath = Annotated[Path, typer.Argument(metavar="SITE", help="folder of the site / 站点目录")]
ORIGIN = "http://127.0.0.1:8000"
site_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


def serve(
    site: SitePath,
    host: Annotated[str, typer.Option(help="address to listen on / 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port / 端口", min=1, max=65_535)] = 8000,
    workers: Annotated[int, typer.Option(help="runs computed at once / 并行运行数", min=1, max=64)] = 1,
    origin: Annotated[
        str, typer.Option(help="how browsers reach it, e.g. https://plan.example.com / 浏览器访问地址")
    ] = "",
) -> None:
    """Serve the workbench: pages, API and agents / 启动工作台"""
    from lineshaft.faces.cli import serving

    serving.serve(site, host, port, workers, origin)


def link(
    site: SitePath,
    name: Annotated[str, typer.Argument(help="person / 用户")],
    origin: Annotated[str, typer.Option(help="address of the workbench / 工作台地址")] = ORIGIN,
) -> None:
    """Make a one-time sign-in link for this machine / 生成一次性登录链接"""
    from lineshaft.faces.cli import serving

    serving.link(site, name, origin)


@site_app.command("add-works")
def add_works(
    site: SitePath,
    place: Annotated[
        str, typer.Argument(metavar="WORKS", help="folder or PostgreSQL URL / 目录或数据库地址")
    ],
    works_id: Annotated[str, typer.Option("--id", help="name in addresses / 地址中的名称")] = "",
) -> None:
    """Take a works into the site / 加入工厂"""
    from lineshaft.faces.cli import serving

    serving.add_works(site, place, works_id)


@site_app.command("add-user")
def add_user(
    site: SitePath,
    name: Annotated[str, typer.Argument(help="sign-in name / 登录名")],
    works: Annotated[list[str], typer.Option(help="works of the site / 工厂")] = [],  # noqa: B006
    role: Annotated[str, typer.Option(help="viewer, planner, manager, admin / 角色")] = "planner",
    admin: Annotated[bool, typer.Option("--admin", help="administers the site / 站点管理员")] = False,
) -> None:
    """Add a person; the password is asked for, or read from standard input / 新建用户"""
    from lineshaft.faces.cli import serving

    serving.add_person(site, name, works, role, admin)


@site_app.command("token")
def token(
    site: SitePath,
    name: Annotated[str, typer.Argument(help="person it acts for / 所属用户")],
    label: Annotated[str, typer.Option(help="what it is for / 用途")] = "command line",
    scope: Annotated[list[str], typer.Option(help="read, write, plan, accept, admin / 权限")] = ["read"],  # noqa: B006
    days: Annotated[int, typer.Option(help="days it lasts / 有效天数", min=1, max=366)] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object / 输出 JSON")] = False,
) -> None:
    """Make an API token and print it once / 新建令牌"""
    from lineshaft.faces.cli import serving

    serving.make_token(site, name, label, scope, days, as_json)
