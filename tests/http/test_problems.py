"""Whatever goes wrong has one shape, in both languages, without a trace of our insides."""

import pytest
from saw import ADDRESS, SAW, Asker
from starlette.testclient import TestClient

from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.http.app import create_app
from lineshaft.faces.http.rates import Rates
from lineshaft.store.database import StorageFailed

FIELDS = {"type", "title", "status", "detail", "en", "zh", "faults"}


def check_shape(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) >= FIELDS
    assert problem["status"] == status
    assert problem["en"] == problem["detail"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in problem["zh"])
    return problem


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/v1/nothing", {}, 404),
        ("DELETE", "/v1/works", {}, 405),
        ("GET", f"{SAW}/tables/gold", {}, 404),
        ("GET", f"{SAW}/tables/piece/rows", {"params": {"limit": 0}}, 422),
        (
            "POST",
            f"{SAW}/tables/piece/rows",
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            422,
        ),
        ("POST", f"{SAW}/tables/piece/rows", {"json": {"rows": []}}, 422),
        ("POST", f"{SAW}/tables/piece/rows", {"json": {"rows": [{"piece_id": 2**70}]}}, 422),
        ("POST", f"{SAW}/tables/piece/rows", {"content": b"x" * (9 << 20)}, 413),
        ("POST", f"{SAW}/accepts/last/undo", {}, 404),
        ("POST", f"{SAW}/imports", {"files": {"file": ("a.exe", b"MZ")}}, 422),
        ("POST", f"{SAW}/imports", {"files": {"file": ("a.xlsx", b"no workbook")}}, 422),
    ],
)
def test_every_mistake_is_told_in_one_shape(as_, method, path, more, status):
    check_shape(as_("manager").raw(method, path, **more), status)


def test_a_body_without_length_is_counted_as_it_comes(as_):
    def pieces():
        for _ in range(10):
            yield b" " * (1 << 20)

    answer = as_("manager").raw(
        "POST", f"{SAW}/tables/piece/rows", content=pieces(), headers={"Content-Type": "application/json"}
    )
    check_shape(answer, 413)


def test_a_failure_of_ours_has_a_number_and_no_traceback(as_, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError("the secret sum")

    monkeypatch.setattr(Desk, "page", fail)
    problem = check_shape(as_("viewer").raw("GET", f"{SAW}/tables/piece/rows"), 500)
    assert problem["incident"] in problem["zh"]
    assert "secret" not in str(problem)
    assert problem["incident"] in caplog.text
    assert "the secret sum" in caplog.text


def test_a_store_that_fails_asks_to_come_again(as_, monkeypatch):
    def fail(*_):
        raise StorageFailed(OSError("disk full at /srv"))

    monkeypatch.setattr(Desk, "page", fail)
    answer = as_("viewer").raw("GET", f"{SAW}/tables/piece/rows")
    check_shape(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


def test_who_asks_too_often_is_told_when_to_come_again(as_, site):
    slow = create_app(site, rates=Rates(1.0, 20.0, 1e6, 1e6))
    with TestClient(slow, base_url=ADDRESS) as client:
        ask = Asker(client, as_("viewer").headers["Authorization"].removeprefix("Bearer "))
        answers = [ask.raw("GET", "/v1/me") for _ in range(21)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429]
        check_shape(answers[-1], 429)
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        site.now.turn(seconds=10)
        assert ask.raw("GET", "/v1/me").status_code == 200


def test_an_address_that_asks_too_often_is_stopped_before_anything_else(site):
    slow = create_app(site, rates=Rates(1e6, 1e6, 1.0, 10.0))
    with TestClient(slow, base_url=ADDRESS) as client:
        answers = [client.get("/v1/problems").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


def test_health_and_problems_need_no_sign_in(as_):
    nobody = as_("")
    assert nobody.get("/v1/health") == {"status": "ok"}
    assert {"missing", "refused", "bad-input"} <= {one["type"] for one in nobody.get("/v1/problems")}


def test_a_body_that_is_no_text_is_answered_as_described(as_):
    answer = as_("boss").raw(
        "POST", "/v1/people", content=b"\x18\x1f\xff\x14:", headers={"Content-Type": "application/json"}
    )
    told = as_("").raw("GET", "/v1/openapi.json").json()["paths"]["/v1/people"]["post"]["responses"]
    assert (answer.status_code, answer.json()["zh"]) == (400, "无法读取请求。")
    assert str(answer.status_code) in told
