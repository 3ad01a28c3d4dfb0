"""A small application behind the gate, and browsers that ask it."""

from __future__ import annotations

from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, Form, Request, UploadFile
from starlette.testclient import TestClient

from lineshaft.faces.http import guard, login, problems
from lineshaft.store.site import Site, Who

ADDRESS = "http://127.0.0.1:8000"
SECURE = "https://plan.example.com"
Person = Annotated[Who, Depends(guard.who)]


def small_app(site: Site, origin: str = ADDRESS, **more) -> FastAPI:
    """Who am I, a change, an upload, and signing in."""
    app = FastAPI()
    app.include_router(login.router)

    @app.get("/me")
    def me(request: Request, who: Person) -> dict[str, str]:
        return {"name": who.name, "csrf": guard.csrf(request)}

    @app.api_route("/change", methods=["POST", "PUT", "PATCH", "DELETE"])
    def change(who: Person) -> dict[str, str]:
        return {"name": who.name}

    @app.post("/fields")
    def fields(who: Person, said: Annotated[str, Form()]) -> dict[str, str]:
        return {"name": who.name, "said": said}

    @app.post("/files")
    async def files(who: Person, file: UploadFile) -> dict[str, str]:
        return {"name": who.name, "said": (await file.read()).decode()}

    problems.install(app)
    guard.install(app, site, origin, **more)
    return app


class Browser(TestClient):
    """Keeps cookies, follows nothing, and says where a change comes from, as browsers do."""

    def __init__(self, app: FastAPI, origin: str = ADDRESS, client: str = "127.0.0.1") -> None:
        super().__init__(app, base_url=origin, follow_redirects=False, client=(client, 50_000))
        self.origin = origin

    def request(self, method: str, url: str, **more) -> httpx2.Response:
        headers = dict(more.pop("headers", None) or {})
        if method not in guard.SAFE:
            headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"} | headers
        return super().request(method, url, headers={k: v for k, v in headers.items() if v}, **more)

    def sign_in(self, name: str, password: str, **more: str) -> httpx2.Response:
        return self.post("/login", data={"name": name, "password": password, **more})

    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.get("/me").json()["csrf"]}
