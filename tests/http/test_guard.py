"""The gate: who a request is from, whether a page of ours sent it, and what every answer tells the browser."""

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from gates import ADDRESS, SECURE, Browser, small_app
from sites import PASSWORD, Clock, add_everybody, new_site
from starlette.datastructures import Headers

from lineshaft.core import Refused
from lineshaft.faces.http import guard

CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Everybody has the run of it; nobody is changed here."""
    site = new_site(tmp_path_factory.mktemp("guard") / "site", Clock(), "north")
    add_everybody(site, "north")
    yield site
    site.close()


@pytest.fixture(scope="module")
def app(site):
    return small_app(site)


class Brief:
    """A site of one's own with its clock, and a browser in which the planner is signed in."""

    def __init__(self, folder):
        self.clock = Clock()
        self.site = new_site(folder, self.clock)
        self.site.people.add("planner", PASSWORD, by="boss")
        self.browser = Browser(small_app(self.site))
        self.browser.sign_in("planner", PASSWORD)


@pytest.fixture
def own(tmp_path):
    own = Brief(tmp_path / "site")
    yield own
    own.site.close()


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def planner(site, browser):
    browser.cookies.set("lineshaft", site.sessions.start("planner"), domain="127.0.0.1")
    return browser


def token(site, name="planner", scope=("read",)):
    return {
        "Authorization": "Bearer "
        + site.tokens.make("t", site.who(name), None, scope, site.now().replace(year=2027))
    }


def test_nobody_gets_nothing(browser):
    answer = browser.get("/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_cookie_and_a_token_say_who_it_is(site, planner):
    assert planner.get("/me").json()["name"] == "planner"
    assert planner.get("/me", headers=token(site, "viewer")).json()["name"] == "viewer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic cGxhbm5lcjp4", "bearer lsh_1_2", "x" * 9_000]
)
def test_a_wrong_authorization_is_nobody_whatever_the_cookie(planner, header):
    assert planner.get("/me", headers={"Authorization": header or " "}).status_code == 401


def test_sessions_and_tokens_of_a_disabled_person_end_at_once(own):
    bearer = token(own.site)
    assert own.browser.get("/me").status_code == 200
    assert own.browser.get("/me", headers=bearer).status_code == 200
    own.site.people.disable("planner", by="boss")
    assert own.browser.get("/me").status_code == 401
    assert own.browser.get("/me", headers=bearer).status_code == 401


def test_an_expired_and_a_revoked_token_are_nobody(own):
    bearer, other = token(own.site), token(own.site)
    own.site.tokens.revoke(other["Authorization"].split("_")[1], by="boss")
    assert own.browser.get("/me", headers=other).status_code == 401
    assert own.browser.get("/me", headers=bearer).status_code == 200
    own.clock.turn(days=366)
    assert own.browser.get("/me", headers=bearer).status_code == 401


def test_a_session_of_eight_idle_hours_is_nobody(own):
    assert own.browser.get("/me").status_code == 200
    own.clock.turn(hours=8)
    assert own.browser.get("/me").status_code == 401


@pytest.mark.parametrize("method", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": ""},
        {"Origin": "null", "Sec-Fetch-Site": ""},
        {"Origin": "http://127.0.0.1:9000", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://127.0.0.1:8000", "Sec-Fetch-Site": ""},
        {"Origin": "http://127.0.0.1:8000.evil.example", "Sec-Fetch-Site": ""},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "", "Sec-Fetch-Site": "none"},
        {"Origin": "", "Sec-Fetch-Site": ""},
    ],
    ids=str,
)
def test_a_change_from_elsewhere_is_refused_even_with_the_form_token(planner, method, headers):
    assert planner.request(method, "/change", headers=planner.csrf() | headers).status_code == 403


@pytest.mark.parametrize("method", CHANGES)
def test_a_change_in_a_session_needs_its_form_token(site, planner, method):
    assert planner.request(method, "/change").status_code == 403
    assert planner.request(method, "/change", headers={"X-CSRF-Token": "0" * 64}).status_code == 403
    other = site.sessions.form_token(site.sessions.start("planner"))
    assert planner.request(method, "/change", headers={"X-CSRF-Token": other}).status_code == 403
    assert planner.request(method, "/change", headers=planner.csrf()).status_code == 200


def test_forms_carry_the_form_token_as_a_field(planner):
    csrf = planner.csrf()["X-CSRF-Token"]
    assert planner.post("/fields", data={"said": "hello"}).status_code == 403
    assert planner.post("/fields", data={"said": "hello", "csrf": "é"}).status_code == 403
    assert planner.post("/fields", data={"said": "hello", "csrf": csrf}).json()["said"] == "hello"
    upload = {"file": ("a.csv", b"hello")}
    assert planner.post("/files", files=upload).status_code == 403
    assert planner.post("/files", files=upload, data={"csrf": csrf}).json()["said"] == "hello"
    assert planner.post("/files", files={**upload, "csrf": ("csrf", csrf.encode())}).status_code == 403


def test_a_token_needs_neither_origin_nor_form_token(site, browser):
    bare = {"Origin": "", "Sec-Fetch-Site": ""}
    assert browser.post("/change", headers=token(site) | bare).status_code == 200
    assert (
        browser.post("/change", headers=token(site) | {"Origin": "https://tool.example"}).status_code == 200
    )


def test_nothing_is_shared_with_other_origins(planner):
    answer = planner.request("OPTIONS", "/change", headers={"Origin": "https://evil.example"})
    read = planner.get("/me", headers={"Origin": "https://evil.example"})
    for one in (answer, read):
        assert not [name for name in one.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "plan.example.com", "127.0.0.1:8000@evil"]
)
def test_another_host_name_is_refused(browser, host):
    assert browser.get("/me", headers={"Host": host or " "}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_every_loopback_name_is_ours(browser, host):
    assert browser.get("/me", headers={"Host": host}).status_code == 401


def test_a_page_reached_by_another_loopback_name_may_change(site, app):
    there = Browser(app, "http://localhost:8000")
    there.sign_in("planner", PASSWORD)
    assert there.post("/change", headers=there.csrf()).status_code == 200
    assert there.post("/change", headers=there.csrf() | {"Origin": ADDRESS}).status_code == 403


def test_further_hosts_are_known_by_name(site):
    browser = Browser(small_app(site, SECURE, hosts=["Plan.local"]), "https://plan.local")
    assert browser.get("/me").status_code == 401
    assert browser.get("/me", headers={"Host": "127.0.0.1"}).status_code == 421


def test_passwords_never_cross_a_network_in_the_clear(site):
    for origin in ("http://plan.example.com", "http://192.168.1.7:8000", "http://127.0.0.1.evil.example"):
        with pytest.raises(Refused):
            guard.install(FastAPI(), site, origin)


def answers(browser):
    """One of each kind: fine, nobody, refused at the gate, not there, a broken request."""
    yield browser.get("/me")
    yield browser.post("/login", data={"name": "planner", "password": PASSWORD})
    yield browser.get("/me", headers={"Host": "evil.example"})
    yield browser.get("/nothing/here")
    yield browser.post("/change", headers={"Origin": "https://evil.example"})
    yield browser.post("/fields", headers=browser.csrf())


def test_every_answer_carries_the_headers_that_protect_it(browser):
    seen = list(answers(browser))
    assert [one.status_code for one in seen] == [401, 303, 421, 404, 403, 422]
    for answer in seen:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in answer.headers
        assert "Server" not in answer.headers


def test_only_our_own_scripts_and_styles_run_and_none_written_into_a_page(browser):
    policy = dict(
        part.split(" ", 1) for part in browser.get("/me").headers["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert (
        policy["script-src"]
        == policy["style-src"]
        == policy["connect-src"]
        == policy["form-action"]
        == "'self'"
    )
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)


def test_a_page_may_keep_its_own_caching_but_not_lose_the_policy(site):
    app = small_app(site)

    @app.get("/file", response_class=HTMLResponse)
    def file():
        return HTMLResponse(
            "x", headers={"Cache-Control": "max-age=9", "Content-Type": "text/html; charset=utf-8"}
        )

    answer = Browser(app).get("/file")
    assert answer.headers["Cache-Control"] == "max-age=9"
    assert answer.headers["Content-Security-Policy"] == guard.POLICY


def test_under_tls_browsers_are_told_to_stay_there(site):
    browser = Browser(small_app(site, SECURE), SECURE)
    for answer in answers(browser):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("origin", [ADDRESS, SECURE])
def test_the_session_cookie_is_for_this_host_and_not_for_scripts(site, origin):
    browser = Browser(small_app(site, origin), origin)
    cookie = browser.sign_in("planner", PASSWORD).headers["Set-Cookie"]
    name, *parts = cookie.split("; ")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(parts)
    assert not [part for part in parts if part.startswith("Domain")]
    assert name.startswith("__Host-lineshaft=" if origin == SECURE else "lineshaft=")
    assert ("Secure" in parts) == (origin == SECURE)


def test_refusals_at_the_gate_are_said_in_both_languages(browser):
    answer = browser.get("/me", headers={"Host": "evil.example"})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == "工作台不使用此地址。\nThis workbench has another address.\n"


def test_a_bearer_token_is_read_as_the_standard_says():
    assert guard.bearer(Headers({})) is None
    assert guard.bearer(Headers({"Authorization": "BEARER  abc "})) == "abc"
    assert guard.bearer(Headers({"Authorization": "Basic abc"})) == ""
