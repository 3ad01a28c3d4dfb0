"""Agents to test with: workers in this process, a server on loopback, the SDK's client and one of our own."""

import contextlib
import http.client
import json
import socket
import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import uvicorn
from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.routing import Route

from lineshaft.core import LineshaftError
from lineshaft.faces.mcp import http_app

MODERN = "2026-07-28"
HANDSHAKE = "2025-06-18"
HERE = {"name": "test", "version": "1"}


@contextlib.contextmanager
def at_work(site, *works_ids):
    """While this lasts, a thread of this process does what is queued."""
    done = threading.Event()

    def work():
        while not done.is_set():
            for works_id in works_ids:
                with contextlib.suppress(LineshaftError):
                    while site.open_works(works_id).work():
                        pass
            done.wait(0.01)

    thread = threading.Thread(target=work, name="at work")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def agents_app(site):
    """The agents' face alone."""
    face = http_app(site)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        async with face.running():
            yield

    return Starlette(routes=[Route("/mcp", face)], lifespan=lifespan)


@contextlib.contextmanager
def served(app_at):
    """The address on loopback of the app that `app_at` makes for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app_at(address), log_level="warning", lifespan="on", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            until = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < until
                time.sleep(0.005)
            yield address
        finally:
            server.should_exit = True
            thread.join()


def token(site, name, *scope, works=None, label="agent", days=30):
    """A token that allows these actions."""
    expires = site.now() + timedelta(days=days)
    return site.tokens.make(label, site.who(name), works, scope, expires)


class ToolError(Exception):
    """A tool said no; `answer` is what it said."""

    def __init__(self, result):
        self.text = result.content[0].text
        self.answer = result.structured_content
        assert self.answer["en"] != self.answer["zh"]
        super().__init__(self.text)


class Agent:
    """The SDK's client, called from ordinary code: `agent("plan", works="crane", …)`."""

    def __init__(self, portal, client):
        self._portal, self.client = portal, client
        self.progress, self.texts = [], []
        self.on_progress = lambda *told: None

    def __call__(self, tool, /, **arguments):
        result = self._portal.call(
            lambda: self.client.call_tool(tool, arguments, progress_callback=self._note)
        )
        self.texts.append(result.content[0].text)
        if result.is_error:
            raise ToolError(result)
        assert json.loads(result.content[1].text) == result.structured_content
        return result.structured_content

    def do(self, method, *arguments):
        """Any method of the client."""
        return self._portal.call(getattr(self.client, method), *arguments)

    async def _note(self, progress, total, message):
        self.progress.append((progress, total, message))
        self.on_progress(progress, total, message)


@contextlib.contextmanager
def agent(target, **options):
    """An agent connected to a server object or a transport."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(target, **options)) as client,
    ):
        yield Agent(portal, client)


@contextlib.contextmanager
def agent_over_http(address, secret, language="en", **options):
    """An agent that signs in with a token."""
    headers = {"Authorization": f"Bearer {secret}", "Accept-Language": language}
    with start_blocking_portal() as portal:
        client = httpx2.AsyncClient(headers=headers, timeout=60)
        try:
            transport = streamable_http_client(f"{address}/mcp", http_client=client)
            with portal.wrap_async_context_manager(Client(transport, **options)) as connected:
                yield Agent(portal, connected)
        finally:
            portal.call(client.aclose)


class Wire:
    """JSON-RPC over HTTP by hand: nothing of the SDK."""

    def __init__(self, address, secret=None, version=MODERN):
        self._address, self._version, self._id = urlsplit(address), version, 0
        self.headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        self.headers |= {"MCP-Protocol-Version": version, "Accept-Language": "en"}
        if secret:
            self.headers["Authorization"] = f"Bearer {secret}"

    def post(self, message, **headers):
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", "/mcp", json.dumps(message), self.headers | headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()

    def ask(self, method, params=None, progress_token=None):
        """Notifications and the reply to one request."""
        self._id += 1
        params = dict(params or {})
        meta = {"progressToken": progress_token} if progress_token else {}
        headers = {}
        if self._version == MODERN:
            meta |= {
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": HERE,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            headers["Mcp-Method"] = method
            if "name" in params:
                headers["Mcp-Name"] = params["name"]
        if meta:
            params["_meta"] = meta
        message = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        _, given, body = self.post(message, **headers)
        if given["content-type"].startswith("text/event-stream"):
            parts = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: {")]
        else:
            parts = [body]
        messages = [json.loads(part) for part in parts]
        assert all(message["jsonrpc"] == "2.0" for message in messages)
        assert messages[-1]["id"] == self._id
        return messages[:-1], messages[-1]
