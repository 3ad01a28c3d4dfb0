"""`lineshaft serve` and `lineshaft site …`: the workbench, its works and its people."""

from __future__ import annotations

import getpass
import ipaddress
import os
import sys
from datetime import timedelta
from pathlib import Path

from lineshaft.core import BadInput, Fault, Missing, Words
from lineshaft.faces.cli.render import out, print_json, say
from lineshaft.faces.saying import reader_language
from lineshaft.store.site import Site
from lineshaft.store.site.bench import Bench

GRACE_S = 5
IDLE_S = 75


def serve(folder: Path, host: str, port: int, workers: int, origin: str) -> None:
    """`lineshaft serve`: the workbench until it is interrupted; a first site is made where there is none."""
    import uvicorn

    from lineshaft.faces.desk.crew import Crew
    from lineshaft.faces.http import login
    from lineshaft.faces.http.app import create_app
    from lineshaft.faces.http.oidc import Provider

    language = reader_language()
    origin = origin or f"http://{_shown(host)}:{port}"
    with _opened(folder) as site, Crew(folder, workers) as crew, Bench(folder) as site.bench:
        site.take_in()
        app = create_app(site, origin=origin, provider=Provider.from_environment(os.environ))
        app.state.crew = crew
        link = login.first_link(site, origin)
        say(language, f"Workbench: {origin}", f"工作台:{origin}")
        if link:
            say(
                language,
                f"Sign in as administrator (once, within 15 minutes): {link}",
                f"以管理员身份登录(仅一次,15 分钟内有效):{link}",
            )
        sys.stdout.flush()
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
            date_header=True,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        uvicorn.Server(config).run()


def add_works(folder: Path, place: str, works_id: str) -> None:
    """`lineshaft site add-works`."""
    with _opened(folder) as site:
        entry = site.add_works(place, works_id or None)
    say(
        reader_language(),
        f"Works {entry.works_id} ({entry.title}) is served from now on.",
        f"工厂 {entry.works_id}({entry.title})已加入站点。",
    )


def add_person(folder: Path, name: str, works: list[str], role: str, admin: bool) -> None:
    """`lineshaft site add-user`: asks for the password, or reads it from standard input."""
    with _opened(folder) as site:
        made = site.people.add(name, _password(), by="lineshaft", admin=admin)
        for works_id in works:
            site.grants.give(works_id, made.name, role, by="lineshaft")
    say(reader_language(), f"{made.name} may sign in.", f"{made.name} 可以登录。")


def make_token(folder: Path, name: str, label: str, scope: list[str], days: int, as_json: bool) -> None:
    """`lineshaft site token`: prints the secret, which is not shown again."""
    with Site.open(folder) as site:
        who = site.who(name)
        if who is None:
            raise Missing(f"There is no person named {name}.", f"没有名为 {name} 的用户。")
        secret = site.tokens.make(label, who, None, scope, site.now() + timedelta(days=days))
    if as_json:
        print_json({"token": secret, "name": name, "scope": scope})
    else:
        out.print(secret, markup=False)


def link(folder: Path, name: str, origin: str) -> None:
    """`lineshaft link`: a one-time address that signs somebody in on this machine."""
    from lineshaft.faces.http import login

    with Site.open(folder) as site:
        out.print(login.link_address(site, origin, name), markup=False)


def _opened(folder: Path) -> Site:
    if (folder / "site.db").exists():
        return Site.open(folder)
    if (folder / "works.db").exists():
        words = Words(
            "is a works; name the folder of a site, and add the works to it with `lineshaft site add-works`",
            "是工厂数据目录;请指定站点目录,并用 lineshaft site add-works 加入该工厂",
        )
        raise BadInput([Fault(str(folder), (), "", None, "not_a_site", words)])
    return Site.create(folder)


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass()
    return sys.stdin.readline().rstrip("\n")


def _shown(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
