"""The API's own description: complete, and true under requests drawn from it."""

import subprocess
import sys
from pathlib import Path

import pytest
import schemathesis
from agents import at_work, served, token
from hypothesis import given, settings
from saw import ALL, PIECES, UNLIMITED
from schemathesis import checks
from sites import add_everybody, new_site

from lineshaft.faces.http.app import create_app

WATCHED_APART = "watch_run"
HELD = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
FUZZ_S = 300
EXAMPLES = 3


@pytest.fixture(scope="module")
def fuzzed(toy, tmp_path_factory):
    """An application that may be asked anything, the token of one who may do everything, somebody at work."""
    with new_site(tmp_path_factory.mktemp("fuzzed") / "site", None, "saw") as site:
        add_everybody(site, "saw")
        site.open_works("saw").write({"piece": PIECES}, "boss", "import")
        with at_work(site, "saw"):
            yield create_app(site, rates=UNLIMITED, hosts=("testserver",)), token(site, "boss", *ALL)


def test_answers_are_as_described(fuzzed):
    app, secret = fuzzed
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app).exclude(operation_id=WATCHED_APART)
    asked = 0
    for found in schema.get_all_operations():

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True)
        @given(case=found.ok().as_strategy())
        def ask(case):
            case.call_and_validate(headers={"Authorization": f"Bearer {secret}"}, checks=HELD)

        ask()
        asked += 1
    assert asked > 40


def operations(app):
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_says_what_it_does_in_both_languages(built):
    names = [operation["operationId"] for _, operation in operations(built)]
    assert len(names) == len(set(names))
    for place, operation in operations(built):
        assert len(operation.get("description", "")) > 15, place
        assert " / " in operation["summary"], place
        assert any("\u4e00" <= letter <= "\u9fff" for letter in operation["summary"]), place
        assert {"401", "404", "422", "429", "503"} <= set(operation["responses"]), place
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (place, parameter["name"])
        if place.split()[0] in ("POST", "PUT", "PATCH", "DELETE") and "edit" not in place:
            named = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert "Idempotency-Key" in named or place.endswith("/imports"), place


def test_whatever_is_sent_has_an_example(built):
    parts = built.openapi()["components"]["schemas"]
    for place, operation in operations(built):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            asked = parts[body["schema"].get("$ref", "").rpartition("/")[2] or body["schema"]["allOf"]]
            fields = asked["properties"].values()
            assert any(
                "examples" in field or "default" in field or "$ref" in str(field) for field in fields
            ), place


def test_the_description_names_only_what_it_has(built):
    document = built.openapi()
    text = str(document)
    for name in document["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text, name


@pytest.mark.slow
def test_five_minutes_of_anything(fuzzed):
    """No failure of ours and nothing that is not described, whatever is asked."""
    app, secret = fuzzed
    with served(lambda _: app) as url:
        command = [
            *(Path(sys.executable).parent / "st", "run", f"{url}/v1/openapi.json"),
            *("--header", f"Authorization: Bearer {secret}", "--max-time", FUZZ_S, "--seed", 20261122),
            *(
                "--exclude-operation-id",
                WATCHED_APART,
                "--checks",
                ",".join(check.__name__ for check in HELD),
            ),
            *("--request-timeout", 60, "--no-color"),
        ]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
