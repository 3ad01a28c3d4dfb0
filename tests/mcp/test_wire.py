"""What goes over the wire, seen by a client that knows nothing of the SDK: HTTP of both protocol eras, and stdio."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from agents import HANDSHAKE, HERE, MODERN, Wire, agent_over_http, agents_app, served, token
from sites import add_everybody, new_site

from lineshaft.core import Words
from lineshaft.faces.http.app import create_app
from lineshaft.store import jobs, runs

TESTS = Path(__file__).parents[1]
NAMES = {
    *("list_works", "list_engines", "describe", "read_table", "check_data", "trace", "plan", "progress"),
    *("cancel", "what_if", "edit", "explain", "compare", "preview", "accept", "undo"),
}


@pytest.fixture(params=[MODERN, HANDSHAKE])
def wire(request, address, site):
    return Wire(address, token(site, "manager", "read", "plan", "accept"), request.param)


def called(wire, tool, **arguments):
    _, reply = wire.ask("tools/call", {"name": tool, "arguments": arguments})
    return reply["result"]


def test_tools_are_listed_with_schemas(wire):
    _, reply = wire.ask("tools/list")
    tools = {tool["name"]: tool for tool in reply["result"]["tools"]}
    assert tools.keys() == NAMES
    for tool in tools.values():
        assert tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"
    assert tools["accept"]["annotations"]["destructiveHint"] is True
    assert tools["explain"]["annotations"]["readOnlyHint"] is True


def test_a_call_answers_in_text_and_data(wire):
    result = called(wire, "list_works")
    assert [part["type"] for part in result["content"]] == ["text", "text"]
    assert result["structuredContent"]["works"] == [
        {"works": "saw", "title": "Saw", "may": ["accept", "plan", "read"]}
    ]
    assert json.loads(result["content"][1]["text"]) == result["structuredContent"]


@pytest.mark.parametrize("whole", [False, True], ids=["alone", "in the workbench"])
def test_a_plan_is_waited_for_with_its_progress(pieces, tmp_path, whole):
    """A worker that says how far it is and goes on when the client has heard it."""
    heard = threading.Event()
    with (
        new_site(tmp_path / "site", None, "saw") as site,
        served(lambda here: create_app(site, origin=here) if whole else agents_app(site)) as address,
    ):
        works = site.open_works("saw")
        works.write({"piece": pieces}, "boss", "import")
        with (
            working(lambda: worked(works, heard)),
            agent_over_http(address, token(site, "boss", "read", "plan"), "zh") as asking,
        ):
            asking.on_progress = lambda *_: heard.set()
            told = asking("plan", works="saw", engine="toy.cutting", limits={"work_limit": 3}, wait_s=60)
    assert asking.progress[0] == (0.25, 1.0, "四分之一")
    assert told["status"] == "done"
    assert told["kpis"][0]["name"] == "bars"


def worked(works, heard):
    """A quarter, until that is heard; then the whole."""
    no = until(lambda: runs.claim(works, "slow hand"))
    quarter = (0.25, Words("a quarter", "四分之一"))
    now_s = works.now().timestamp()
    works.database.write(lambda c: jobs.heartbeat(c, no, "slow hand", now_s, progress=quarter))
    assert heard.wait(30)
    works.database.write(lambda c: jobs.release(c, no, "slow hand"))
    works.work()


def until(ask):
    """What `ask` says as soon as it says anything."""
    while not (said := ask()):
        time.sleep(0.01)
    return said


@contextlib.contextmanager
def working(work):
    """While a thread of its own does this."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        yield
        done.result(30)


def test_a_mistake_is_a_tool_error_and_no_protocol_error(wire):
    result = called(wire, "plan", works="nowhere", engine="toy.cutting")
    assert result["isError"] is True
    assert result["structuredContent"]["error"] == "Missing"
    assert "没有" in result["content"][0]["text"]


def test_an_unknown_method_is_a_protocol_error(wire):
    _, reply = wire.ask("no/such")
    assert reply["error"]["code"] == -32601


def test_table_schemas_are_resources(wire):
    _, reply = wire.ask("resources/templates/list")
    uris = {one["uriTemplate"] for one in reply["result"]["resourceTemplates"]}
    assert "lineshaft://works/{works}/tables/{table}" in uris
    if wire.headers["MCP-Protocol-Version"] == MODERN:
        return
    _, reply = wire.ask("resources/read", {"uri": "lineshaft://works/saw/tables/piece"})
    (content,) = reply["result"]["contents"]
    assert content["mimeType"] == "application/json"
    assert json.loads(content["text"])["columns"][0]["name"] == "piece_id"
    _, reply = wire.ask("resources/read", {"uri": "lineshaft://works/other/tables/piece"})
    assert "没有" in reply["error"]["message"]


def test_the_handshake_of_older_clients(address, site):
    wire = Wire(address, token(site, "viewer", "read"), HANDSHAKE)
    hello = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": HERE}
    _, reply = wire.ask("initialize", hello)
    assert reply["result"]["protocolVersion"] == HANDSHAKE
    assert reply["result"]["serverInfo"]["name"] == "lineshaft"
    assert "list_works" in reply["result"]["instructions"]
    status, headers, _ = wire.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert status == 202
    assert "mcp-session-id" not in {name.lower() for name in headers}


def test_without_a_valid_token_nobody_gets_in(address, site):
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    spent = token(site, "manager", "read", days=1)
    site.now.turn(days=2)
    for secret in (None, "wrong", spent):
        status, headers, body = Wire(address, secret).post(ask)
        assert status == 401
        assert headers["www-authenticate"].startswith("Bearer")
        assert json.loads(body)["zh"]
    basic = Wire(address)
    assert basic.post(ask, Authorization="Basic Ym9zczpib3Nz")[0] == 401
    assert basic.post(ask, Cookie=f"session={site.sessions.start('boss')}")[0] == 401


class Stdio:
    """JSON-RPC line by line with a process."""

    def __init__(self, folder, path, *options):
        command = Path(sysconfig.get_path("scripts")) / "lineshaft"
        self.process = subprocess.Popen(
            [sys.executable, str(command), "mcp", str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path), "LINESHAFT_LANG": "zh"},
        )

    def send(self, **message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, number, method, params):
        self.send(id=number, method=method, params=params)
        heard = []
        while True:
            message = json.loads(self.process.stdout.readline())
            if message.get("id") == number:
                return heard, message
            heard.append(message)


@contextlib.contextmanager
def stdio(site, toy):
    """A process that has shaken hands; it must end well and write nothing but answers."""
    talk = Stdio(site.folder, [str(TESTS), str(toy)], "--user", "planner")
    with talk.process as process:
        hello = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": HERE}
        _, reply = talk.ask(1, "initialize", hello)
        assert reply["result"]["serverInfo"]["name"] == "lineshaft"
        talk.send(method="notifications/initialized")
        yield talk
        process.stdin.close()
        rest, said = process.stdout.read(), process.stderr.read()
        assert process.wait() == 0, said
    assert rest == ""
    assert "Traceback" not in said


def test_a_process_of_its_own_over_stdio(site, toy):
    with stdio(site, toy) as talk:
        _, reply = talk.ask(2, "tools/call", {"name": "list_works", "arguments": {}})
        result = reply["result"]
        assert result["structuredContent"]["works"][0]["may"] == ["plan", "read", "write"]
        assert result["content"][0]["text"].startswith("工厂")
        asked = {"works": "saw", "run": "r1", "confirm": "-"}
        _, reply = talk.ask(3, "tools/call", {"name": "accept", "arguments": asked})
        assert reply["result"]["structuredContent"]["error"] == "NotAllowed"


@pytest.mark.slow
def test_the_worker_of_a_stdio_process_computes_its_runs(toy, pieces, tmp_path):
    with new_site(tmp_path / "site", None, "saw") as site:
        add_everybody(site, "saw")
        site.open_works("saw").write({"piece": pieces}, "boss", "import")
        with stdio(site, toy) as talk:
            asked = {"works": "saw", "engine": "toy.cutting", "limits": {"work_limit": 2}, "wait_s": 60}
            _, reply = talk.ask(2, "tools/call", {"name": "plan", "arguments": asked})
            assert reply["result"]["structuredContent"]["status"] == "done"


@pytest.mark.parametrize(("options", "said"), [((), "--user"), (("--user", "nobody"), "nobody")])
def test_stdio_says_whose_name_is_missing(site, lineshaft, options, said):
    done = lineshaft("mcp", site.folder, *options)
    assert done.code == 4
    assert said in done.err
