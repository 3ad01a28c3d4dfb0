"""The command line, the API and the agents' tools behind one small interface: a check written once runs through each."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from agents import Wire, token
from sites import new_site
from starlette.testclient import TestClient

from lineshaft.faces.http.app import create_app
from lineshaft.store import Works
from lineshaft.store.importing import preview_import

FACES = ("cli", "http", "mcp")
HERE = "http://127.0.0.1:8000"


class Told(NamedTuple):
    """What a face told of a finished run."""

    run: str
    status: str
    result_digest: str
    kpis: dict[str, float]
    reasons: list[tuple[str, tuple[str, ...], str, str]]


class Face:
    """A works seen through one face.

    `engines` name → titles; `run`, `preview` (table → inserted, changed, removed), `accept`, `undo`; `wrong` what a
    face says of wrong parameters, as one text.
    """

    def __init__(self, works: Works) -> None:
        self.works = works

    def fill(self, book: Path) -> None:
        """Import a workbook."""
        self.works.write(read_workbook(self.works, book), "test", "import")

    def run(self, engine: str, **limits: float) -> Told:
        """A finished run."""
        asked = self.ask(engine, {}, limits)
        while self.works.work():
            pass
        return self.told(asked)


def read_workbook(works: Works, book: Path) -> dict[str, pl.DataFrame]:
    """What a workbook brings to a works."""
    existing = {name: works.read(name) for name in works.tables()}
    return preview_import(book, works.catalog.schemas, existing, time_zone=works.time_zone).take(
        partial=False
    )


class CliFace(Face):
    """`lineshaft … --json`, each command answered whole."""

    def __init__(self, works: Works, lineshaft: Callable[..., Any]) -> None:
        super().__init__(works)
        self._lineshaft, self._place = lineshaft, works.place

    def _json(self, *arguments: object) -> Any:
        done = self._lineshaft(*arguments, "--json")
        assert done.code == 0, done.err + done.out
        return json.loads(done.out)

    def fill(self, book: Path) -> None:
        done = self._lineshaft("import", self._place, book)
        assert done.code == 0, done.err + done.out

    def engines(self) -> dict[str, tuple[str, str]]:
        return {one["name"]: (one["en"], one["zh"]) for one in self._json("engines")}

    def ask(self, engine: str, params: dict[str, Any], limits: dict[str, float]) -> Any:
        options = [part for name, value in limits.items() for part in (f"--{name.replace('_', '-')}", value)]
        return self._json("run", engine, self._place, *options)

    def told(self, asked: Any) -> Told:
        again = self._json("replay", asked["run"], "--works", self._place)
        assert again["same"]
        return Told(asked["run"], asked["status"], again["digest"], kpis(asked), reasons(asked))

    def wrong(self, engine: str) -> str:
        done = self._lineshaft("run", engine, self._place, "--work-limit", "many")
        assert done.code == 3
        return done.err

    def preview(self, run: str) -> dict[str, tuple[int, int, int]]:
        return counts(self._json("preview", self._place, run)["tables"])

    def accept(self, run: str) -> str:
        return self._json("accept", self._place, run, "--by", "test")["accept"]

    def undo(self, accept: str) -> None:
        assert self._json("undo", self._place, accept, "--by", "test")["proposal"] is None


class HttpFace(Face):
    """The API."""

    def __init__(self, works: Works, client: TestClient, secret: str) -> None:
        super().__init__(works)
        self._client = client
        self._client.headers["Authorization"] = f"Bearer {secret}"

    def _get(self, path: str, **query: object) -> Any:
        answer = self._client.get(f"/v1/works/plant/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _post(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self._client.post(f"/v1/works/plant/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def engines(self) -> dict[str, tuple[str, str]]:
        return {one["name"]: (one["en"], one["zh"]) for one in self._get("engines")}

    def ask(self, engine: str, params: dict[str, Any], limits: dict[str, float]) -> Any:
        return self._post(f"engines/{engine}/runs", {"params": params, "limits": limits}, 202)

    def told(self, asked: Any) -> Told:
        run = self._get(f"runs/{asked['run']}")
        why = self._get(f"runs/{asked['run']}/reasons", limit=1_000)
        return Told(run["run"], run["result_status"], run["result_digest"], kpis(run), reasons(why))

    def wrong(self, engine: str) -> str:
        answer = self._client.post(
            f"/v1/works/plant/engines/{engine}/runs", json={"limits": {"work_limit": "many"}}
        )
        assert answer.status_code == 422
        return json.dumps(answer.json(), ensure_ascii=False)

    def preview(self, run: str) -> dict[str, tuple[int, int, int]]:
        return counts(self._get(f"runs/{run}/preview", rows=0)["tables"])

    def accept(self, run: str) -> str:
        return self._post(f"runs/{run}/accept")["accept"]

    def undo(self, accept: str) -> None:
        assert self._post(f"accepts/{accept}/undo")["proposal"] is None


class _Inside(Wire):
    """JSON-RPC to an app of this process."""

    def __init__(self, client: TestClient, secret: str) -> None:
        super().__init__(HERE, secret)
        self._client = client

    def post(self, message: Any, **headers: str) -> tuple[int, dict[str, str], str]:
        answer = self._client.post("/mcp", json=message, headers=self.headers | headers)
        return answer.status_code, dict(answer.headers), answer.text


class McpFace(Face):
    """The agents' tools in the same app."""

    def __init__(self, works: Works, client: TestClient, secret: str) -> None:
        super().__init__(works)
        self._wire = _Inside(client, secret)

    def _call(self, tool: str, **arguments: object) -> Any:
        _, reply = self._wire.ask("tools/call", {"name": tool, "arguments": {"works": "plant", **arguments}})
        return reply["result"]

    def _told(self, tool: str, **arguments: object) -> Any:
        result = self._call(tool, **arguments)
        assert not result.get("isError"), result["content"][0]["text"]
        return result["structuredContent"]

    def engines(self) -> dict[str, tuple[str, str]]:
        return {one["engine"]: (one["en"], one["zh"]) for one in self._told("list_engines")["engines"]}

    def ask(self, engine: str, params: dict[str, Any], limits: dict[str, float]) -> Any:
        return self._told("plan", engine=engine, params=params, limits=limits, wait_s=0)

    def told(self, asked: Any) -> Told:
        run = self._told("progress", run=asked["run"])
        why: list[Any] = []
        while page := self._told("explain", run=asked["run"], offset=len(why), limit=200):
            why += page["reasons"]
            if not page["left_out"]:
                break
        return Told(run["run"], run["answer"], run["result_digest"], kpis(run), reasons({"reasons": why}))

    def wrong(self, engine: str) -> str:
        result = self._call("plan", engine=engine, limits={"work_limit": "many"})
        assert result["isError"]
        return json.dumps(result, ensure_ascii=False)

    def preview(self, run: str) -> dict[str, tuple[int, int, int]]:
        return counts(self._told("preview", run=run)["tables"])

    def accept(self, run: str) -> str:
        confirm = self._told("preview", run=run)["confirm"]
        return self._told("accept", run=run, confirm=confirm)["accept"]

    def undo(self, accept: str) -> None:
        assert self._told("undo", accept=accept).get("proposal") is None


def kpis(told: Any) -> dict[str, float]:
    """Figure → value."""
    return {kpi["name"]: kpi["value"] for kpi in told["kpis"]}


def reasons(told: Any) -> list[tuple[str, tuple[str, ...], str, str]]:
    """Code, key and words of each reason."""
    return [(one["code"], tuple(map(str, one["key"])), one["en"], one["zh"]) for one in told["reasons"]]


def counts(tables: Any) -> dict[str, tuple[int, int, int]]:
    """Table → rows inserted, changed and removed, of tables that change."""
    found = {}
    for name, one in tables.items():
        found[name] = tuple(one[part] for part in ("inserted", "changed", "removed"))
    return {name: many for name, many in found.items() if any(many)}


@contextmanager
def face(name: str, folder: Path, lineshaft: Callable[..., Any]) -> Iterator[Face]:
    """A face with an empty works called "plant" behind it."""
    with new_site(folder / "site", None, "plant") as site:
        works = site.open_works("plant")
        if name == "cli":
            yield CliFace(works, lineshaft)
            return
        secret = token(site, "boss", "read", "plan", "accept")
        with TestClient(create_app(site), base_url=HERE) as client:
            yield (HttpFace if name == "http" else McpFace)(works, client, secret)


@contextmanager
def pages(folder: Path) -> Iterator[tuple[Works, Callable[[str, str], str]]]:
    """An empty works called "plant", and what its pages say to the administrator in a language."""
    with (
        new_site(folder / "site", None, "plant") as site,
        TestClient(create_app(site), base_url=HERE) as client,
    ):
        headers = {
            "Authorization": f"Bearer {token(site, 'boss', 'read', 'plan', 'accept')}",
            "Accept": "text/html",
        }

        def get(path: str, language: str) -> str:
            answer = client.get(path, headers=headers | {"Accept-Language": language})
            assert answer.status_code == 200, answer.text
            return html.unescape(answer.text)

        yield site.open_works("plant"), get
