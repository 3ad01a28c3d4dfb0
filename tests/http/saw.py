"""The works "saw" of the toy engine: its addresses, its pieces, and somebody who asks."""

import httpx2
import polars as pl
from starlette.testclient import TestClient

from lineshaft.faces.http.rates import Rates

ADDRESS = "http://127.0.0.1:8000"
ENGINE = "/v1/works/saw/engines/toy.cutting"
SAW = "/v1/works/saw"
PIECES = pl.DataFrame(
    {
        "piece_id": [*"ABCDE"],
        "length_mm": [7_000, 5_000, 4_000, 4_000, 4_000],
        "beside_piece_id": [None, None, None, "C", None],
    }
)
ALL = ("read", "write", "plan", "accept", "admin")
UNLIMITED = Rates(1e6, 1e6, 1e6, 1e6)


class Asker:
    """One person's client: `ask.get(path)` is the answer as JSON, checked for the status that was expected."""

    def __init__(self, client: TestClient, secret: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def raw(self, method: str, path: str, **more) -> httpx2.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, status: int = 200, /, **params):
        return self._told(self.raw("GET", path, params=params), status)

    def post(self, path: str, body=None, status: int = 200, key: str | None = None, **params):
        headers = {"Idempotency-Key": key} if key else {}
        return self._told(self.raw("POST", path, json=body, headers=headers, params=params), status)

    def put(self, path: str, body=None, status: int = 200):
        return self._told(self.raw("PUT", path, json=body), status)

    def patch(self, path: str, body=None, status: int = 200):
        return self._told(self.raw("PATCH", path, json=body), status)

    def delete(self, path: str, status: int = 204):
        return self._told(self.raw("DELETE", path), status)

    @staticmethod
    def _told(answer: httpx2.Response, status: int):
        assert answer.status_code == status, answer.text
        kind = "application/problem+json" if status >= 400 else "application/json"
        if status != 204:
            assert answer.headers["content-type"].startswith(kind)
            return answer.json()
        return None
