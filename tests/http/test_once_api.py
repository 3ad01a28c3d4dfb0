"""A change sent many times under one `Idempotency-Key` happens once."""

from concurrent.futures import ThreadPoolExecutor

from saw import ENGINE, SAW

from lineshaft.store.works import Works

TIMES = 50


def at_once(ask, path, body, key, times=TIMES):
    with ThreadPoolExecutor(16) as pool:
        send = lambda _: ask.raw("POST", path, json=body, headers={"Idempotency-Key": key})  # noqa: E731
        return list(pool.map(send, range(times)))


def test_fifty_requests_make_one_run_and_one_accept(as_, site, finished):
    ask = as_("manager")
    answers = at_once(ask, f"{ENGINE}/runs", {"limits": {"work_limit": 5}}, "plan-1")
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert {answer.headers["location"] for answer in answers} == {f"{SAW}/runs/r1"}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == TIMES - 1
    assert ask.get(f"{SAW}/runs")["found"] == 1
    finished("r1")
    answers = at_once(ask, f"{SAW}/runs/r1/accept", None, "accept-1")
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"accept":"a1","run":"r1"}')}
    assert len(ask.get(f"{SAW}/accepts")) == 1
    assert len(site.audit.page(action="accept")) == 1


def test_another_request_under_the_same_key_is_refused(as_):
    ask = as_("planner")
    ask.post(f"{ENGINE}/runs", {}, 202, key="plan-1")
    problem = ask.post(f"{ENGINE}/runs", {"limits": {"seed": 2}}, 422, key="plan-1")
    assert (problem["faults"][0]["column"], problem["faults"][0]["rule"]) == (
        "Idempotency-Key",
        "other_request",
    )
    assert ask.post(f"{ENGINE}/runs", {}, 202, key="plan-2")["run"] == "r2"
    assert as_("manager").post(f"{ENGINE}/runs", {}, 202, key="plan-1")["run"] == "r3"


def test_a_refused_request_may_be_mended_and_sent_again(as_):
    ask = as_("manager")
    row = {"rows": [{"piece_id": "A", "length_mm": 0}]}
    ask.post(f"{SAW}/tables/piece/rows", row, 422, key="k")
    as_("planner").post(f"{ENGINE}/runs", {}, 202)
    ask.post(f"{SAW}/runs/r1/accept", status=409, key="a")
    assert ask.post(f"{SAW}/runs/r1/accept", status=409, key="a")["status"] == 409


def test_a_write_whose_answer_was_lost_is_not_done_again(as_, site, monkeypatch):
    """The worker dies after the works' commit and before the answer is stored."""
    ask = as_("planner")
    write = Works.write

    def write_and_die(*args, **named):
        write(*args, **named)
        raise SystemError("killed")

    monkeypatch.setattr(Works, "write", write_and_die)
    keys = {"keys": [["E"]]}
    ask.post(f"{SAW}/tables/piece/rows/remove", keys, 500, key="gone")
    monkeypatch.setattr(Works, "write", write)
    as_("boss").post(f"{SAW}/tables/piece/rows", {"rows": [{"piece_id": "E", "length_mm": 77}]})
    told = ask.post(f"{SAW}/tables/piece/rows/remove", keys, key="gone")
    assert told["tables"] == {"piece": {"inserted": 0, "changed": 0, "removed": 1}}
    assert ask.get(f"{SAW}/tables/piece/row", key="E")["row"]["length_mm"] == 77


def test_keys_have_a_form(as_):
    for key in ("", "x" * 201):
        answer = as_("planner").raw("POST", f"{ENGINE}/runs", json={}, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["faults"][0]["column"]) == (422, "Idempotency-Key")
