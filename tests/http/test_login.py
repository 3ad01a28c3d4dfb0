"""Signing in: password, the firm's service, a one-time link; what each refuses, and that guessing is slow."""

import time

import httpx2
import pytest
from fake_oidc import CLIENT_ID, CLIENT_SECRET, FakeOidc, asked_of
from gates import ADDRESS, SECURE, Browser, small_app
from sites import OTHER_PASSWORD, PASSWORD, Clock, everybody

from lineshaft.faces.http import login, oidc
from lineshaft.faces.http.oidc import Provider
from lineshaft.store.site import Site

WRONG = "用户名或密码不正确。"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(tmp_path, clock):
    with everybody(tmp_path / "site", clock) as site:
        yield site


@pytest.fixture
def browser(site):
    return Browser(small_app(site))


@pytest.fixture(scope="module")
def service():
    service = FakeOidc()
    yield service
    service.close()


@pytest.fixture
def firm(service):
    """The service as it is before a test changes it."""
    service.claims, service.sign = (lambda claims: claims), service.signed
    service.subject, service.name, service.facts, service.refuses = "4711", "Li.Na", {}, ""
    return service


@pytest.fixture
def provider(firm):
    return Provider(firm.issuer, CLIENT_ID, CLIENT_SECRET, "Firm", joins=True)


@pytest.fixture
def at_firm(site, provider):
    return Browser(small_app(site, provider=provider))


def cookie(answer) -> str:
    return answer.headers.get("Set-Cookie", "").split(";")[0]


# By password


def test_a_right_password_signs_in_and_leads_on(site, browser):
    answer = browser.sign_in("Planner", PASSWORD, next="/w/north/?a=1&b=2")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/w/north/?a=1&b=2")
    assert browser.get("/me").json()["name"] == "planner"
    assert [entry.action for entry in site.audit.page(who="planner")] == ["sign in"]


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
        "evil", "/\tx", "/x\r\nSet-Cookie: a=b", "/a\\b", "http:/x", "/\x00",
    ],
)  # fmt: skip
def test_signing_in_never_leads_elsewhere(next):
    assert login.safe_next(next) == "/"


@pytest.mark.parametrize("next", ["/", "/w/north/tables/work_order?f_order_id=%3DWO-1", "/w/北厂/"])
def test_signing_in_leads_to_any_page_of_ours(next):
    assert login.safe_next(next) == next


def test_nobody_learns_which_names_there_are(site, browser):
    site.people.disable("viewer", by="boss")
    site.people.add("linked", by="boss")
    tried = [
        ("planner", "wrong"),
        ("nobody", "wrong"),
        ("viewer", PASSWORD),
        ("linked", ""),
        ("", ""),
        ("<x>", "y"),
    ]
    answers = [browser.sign_in(name, password) for name, password in tried]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["zh"] == WRONG
    assert {frozenset(answer.headers) for answer in answers} == {frozenset(answers[0].headers)}
    told = [entry.details["name"] for entry in site.audit.page(action="refuse sign-in")]
    assert told == ["", "", "linked", "viewer", "", "planner"]


def test_a_name_typed_into_by_mistake_is_not_noted(site, browser):
    browser.sign_in(OTHER_PASSWORD, "")
    assert OTHER_PASSWORD not in str(site.audit.page())


def test_guessing_is_slowed_by_name_and_address_and_others_are_not(site, browser, clock):
    answers = [browser.sign_in("planner", f"wrong {n}").status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    refusal = browser.sign_in("planner", PASSWORD)
    assert refusal.status_code == 429
    assert 25 <= int(refusal.headers["Retry-After"]) <= 30
    assert Browser(browser.app, client="10.1.2.3").sign_in("planner", PASSWORD).status_code == 303
    assert browser.sign_in("manager", PASSWORD).status_code == 303
    clock.turn(seconds=30)
    assert browser.sign_in("planner", PASSWORD).status_code == 303


def test_a_right_password_ends_the_count(browser):
    for _ in range(3):
        for _ in range(4):
            assert browser.sign_in("planner", "wrong").status_code == 401
        assert browser.sign_in("planner", PASSWORD).status_code == 303


def test_one_address_cannot_try_many_names_quickly(site):
    for n in range(100):
        with pytest.raises(login.WrongPassword):
            login.check(site, f"nobody{n}", "wrong", "10.0.0.1")
    for address in ("10.0.0.1", "10.0.0.1"):
        with pytest.raises(login.TooMany):
            login.check(site, "planner", PASSWORD, address)
    assert login.check(site, "planner", PASSWORD, "10.0.0.2") == "planner"


def test_links_and_the_service_are_rationed_by_address_too(site, at_firm):
    rate, burst = login.PER_ADDRESS
    site.limits.take("sign-in from 127.0.0.1", burst, rate, burst)
    for path in ("/login/link?key=x", "/login/oidc", login.BACK):
        assert at_firm.get(path).status_code == 429
    assert site.audit.page(action="refuse link") == site.audit.page(action="refuse sign-in") == []


def test_the_addresses_of_one_ipv6_customer_count_as_one(site):
    for n in range(5):
        with pytest.raises(login.WrongPassword):
            login.check(site, "planner", "wrong", f"2001:db8:1:2::{n}")
    with pytest.raises(login.TooMany):
        login.check(site, "planner", PASSWORD, "2001:db8:1:2:ffff::1")
    assert login.check(site, "planner", PASSWORD, "2001:db8:1:3::1") == "planner"
    assert login.check(site, "planner", PASSWORD, "a proxy's name") == "planner"


def test_many_addresses_together_cannot_guess_one_name_for_ever(site):
    rate, burst = login.PER_NAME
    site.limits.take("sign-in planner", burst, rate, burst)
    with pytest.raises(login.TooMany):
        login.check(site, "planner", PASSWORD, "10.9.9.9")


# Sessions in the browser


def test_each_sign_in_gets_a_new_id_and_the_old_one_is_no_more(site, browser):
    first = cookie(browser.sign_in("planner", PASSWORD))
    second = cookie(browser.sign_in("planner", PASSWORD))
    assert first != second
    assert len(site.sessions.of("planner")) == 1
    stale = Browser(browser.app)
    assert stale.get("/me", headers={"Cookie": first}).status_code == 401
    assert stale.get("/me", headers={"Cookie": second}).status_code == 200


def test_an_id_from_elsewhere_is_never_taken_over(site, browser):
    browser.cookies.set("lineshaft", "chosen-by-somebody-else")
    assert cookie(browser.sign_in("planner", PASSWORD)) != "lineshaft=chosen-by-somebody-else"
    assert site.who_of_session("chosen-by-somebody-else") is None


def test_signing_out_ends_the_session_here_and_in_the_browser(site, browser):
    session = cookie(browser.sign_in("planner", PASSWORD))
    assert browser.post("/logout").status_code == 403
    answer = browser.post("/logout", headers=browser.csrf())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert cookie(answer) == 'lineshaft=""'
    assert Browser(browser.app).get("/me", headers={"Cookie": session}).status_code == 401
    assert browser.get("/logout").status_code == 405


def test_signing_out_everywhere_leaves_only_this_session(site, browser):
    browser.sign_in("planner", PASSWORD)
    other = Browser(browser.app)
    other.sign_in("planner", PASSWORD)
    assert browser.post("/logout/everywhere", headers=browser.csrf()).status_code == 303
    assert browser.get("/me").status_code == 200
    assert other.get("/me").status_code == 401


def test_ones_own_password_is_changed_with_the_present_one(site, browser):
    other = Browser(browser.app)
    for one in (browser, other):
        one.sign_in("planner", PASSWORD)
    csrf = browser.csrf()

    def change(current, new):
        return browser.post("/account/password", data={"current": current, "new": new}, headers=csrf)

    assert change("wrong", OTHER_PASSWORD).status_code == 401
    assert change("", OTHER_PASSWORD).status_code == 401
    assert change(PASSWORD, "password1234").status_code == 422
    assert other.get("/me").status_code == 200
    before = browser.cookies["lineshaft"]
    assert change(PASSWORD, OTHER_PASSWORD).status_code == 303
    assert browser.cookies["lineshaft"] != before
    assert browser.get("/me").status_code == 200
    assert other.get("/me").status_code == 401
    assert other.sign_in("planner", PASSWORD).status_code == 401
    assert other.sign_in("planner", OTHER_PASSWORD).status_code == 303


def test_the_present_password_cannot_be_guessed_there_either(browser):
    browser.sign_in("planner", PASSWORD)
    csrf = browser.csrf()
    answers = [
        browser.post(
            "/account/password", data={"current": "x", "new": OTHER_PASSWORD}, headers=csrf
        ).status_code
        for _ in range(6)
    ]
    assert answers == [401] * 5 + [429]


def test_a_token_changes_no_password(site, browser):
    secret = site.tokens.make("t", site.who("admin"), None, ["admin"], site.now().replace(year=2027))
    answer = browser.post(
        "/account/password",
        data={"current": PASSWORD, "new": OTHER_PASSWORD},
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 403


# By a link


def test_a_new_site_lets_its_administrator_in_once(tmp_path, clock):
    with Site.create(tmp_path / "new", clock) as site:
        link = login.first_link(site, ADDRESS)
        browser = Browser(small_app(site))
        assert browser.get(link).status_code == 303
        assert browser.get("/me").json()["name"] == "admin"
        assert site.who("admin").governs
        assert Browser(browser.app).get(link).status_code == 403
        again = login.first_link(site, ADDRESS)
        assert again
        changed = browser.post("/account/password", data={"new": OTHER_PASSWORD}, headers=browser.csrf())
        assert changed.status_code == 303
        assert login.first_link(site, ADDRESS) is None
        assert [entry.action for entry in site.audit.page(action="refuse link")] == ["refuse link"]


def test_no_password_and_no_account_comes_with_the_program(tmp_path, clock):
    with Site.create(tmp_path / "new", clock) as site:
        assert site.people.list() == []
        login.first_link(site, ADDRESS)
        assert [person.has_password for person in site.people.list()] == [False]


def test_a_link_runs_out(site, browser, clock):
    link = login.link_address(site, ADDRESS, "boss")
    clock.turn(minutes=15)
    assert browser.get(link).status_code == 403
    assert browser.get("/login/link").status_code == 403


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("10.0.0.5", {}),
        ("::ffff:10.0.0.5", {}),
        ("somewhere", {}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"Host": "plan.local:8000"}),
    ],
)
def test_a_link_works_on_the_machine_itself_only(site, client, headers):
    link = login.link_address(site, ADDRESS, "boss")
    app = small_app(site, hosts=["plan.local"])
    assert Browser(app, client=client).get(link, headers=headers).status_code == 403
    assert Browser(app, client="::1").get(link).status_code == 303


# Through the firm's service


def there_and_back(browser, start="/login/oidc?next=/w/north/"):
    """From our page to the service, where the person agrees, and the address they come back to."""
    answer = browser.get(start) if "account" not in start else browser.post(start, headers=browser.csrf())
    assert answer.status_code == 303, answer.text
    back = httpx2.get(answer.headers["Location"], trust_env=False)
    return back.headers["Location"].removeprefix(ADDRESS)


def refused(site, answer, cause):
    assert answer.status_code == 401
    assert cause in answer.json()["en"]
    assert not answer.headers.get("Set-Cookie")
    newest = site.audit.page(action="refuse sign-in")[0]
    assert newest.details == {"method": "oidc", "cause": cause}


def test_somebody_the_firm_knows_comes_in_and_has_no_role(site, at_firm):
    answer = at_firm.get(there_and_back(at_firm))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/w/north/")
    assert at_firm.get("/me").json()["name"] == "li.na"
    assert site.who("li.na").roles == {}
    assert site.works(site.who("li.na")) == []


def test_the_service_is_asked_with_pkce_state_and_nonce_and_no_secret(at_firm, firm):
    asked = asked_of(at_firm.get("/login/oidc").headers["Location"])
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == ADDRESS + login.BACK
    again = asked_of(at_firm.get("/login/oidc").headers["Location"])
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert asked[name] != again[name]
    assert CLIENT_SECRET not in str(asked)


def test_people_are_known_by_issuer_and_subject_whatever_they_are_called(site, at_firm, firm, provider):
    at_firm.get(there_and_back(at_firm))
    firm.name = "planner"
    at_firm.get(there_and_back(at_firm))
    assert at_firm.get("/me").json()["name"] == "li.na"
    firm.subject = "4712"
    refused(site, at_firm.get(there_and_back(at_firm)), "name")
    assert site.people.linked(firm.issuer, "4712") is None


def test_strangers_stay_out_where_the_firm_does_not_vouch_for_them(site, provider):
    browser = Browser(small_app(site, provider=Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET)))
    refused(site, browser.get(there_and_back(browser)), "unknown")
    assert not site.people.knows("li.na")


def test_a_person_links_themselves_and_comes_in_by_either_way(site, provider):
    app = small_app(site, provider=Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET))
    browser = Browser(app)
    browser.sign_in("planner", PASSWORD)
    assert browser.post("/account/link").status_code == 403
    assert browser.get(there_and_back(browser, "/account/link")).status_code == 303
    other = Browser(app)
    assert other.get(there_and_back(other)).status_code == 303
    assert other.get("/me").json()["name"] == "planner"


def test_a_link_begun_by_one_person_is_not_finished_by_another(site, at_firm):
    at_firm.sign_in("planner", PASSWORD)
    back = there_and_back(at_firm, "/account/link")
    at_firm.sign_in("manager", PASSWORD)
    refused(site, at_firm.get(back), "session")
    assert site.people.identities("planner") == site.people.identities("manager") == []


def test_a_disabled_person_stays_out(site, at_firm):
    at_firm.get(there_and_back(at_firm))
    site.people.disable("li.na", by="boss")
    refused(site, at_firm.get(there_and_back(at_firm)), "disabled")


def test_an_answer_works_in_the_browser_that_asked_and_once(site, at_firm):
    back = there_and_back(at_firm)
    refused(site, Browser(at_firm.app).get(back), "state")
    assert at_firm.get(back).status_code == 303
    refused(site, Browser(at_firm.app).get(back), "state")
    assert at_firm.get(back).status_code == 401


def test_a_code_is_taken_once(site, at_firm, firm):
    back = there_and_back(at_firm)
    firm.codes.clear()
    refused(site, at_firm.get(back), "code")


@pytest.mark.parametrize("state", ["", "x", "é", "0" * 64])
def test_a_wrong_state(site, at_firm, state):
    there_and_back(at_firm)
    refused(site, at_firm.get(login.BACK, params={"code": "x", "state": state}), "state")


def test_a_refusal_at_the_service(site, at_firm, firm):
    firm.refuses = "access_denied"
    refused(site, at_firm.get(there_and_back(at_firm)), "refused")


def changed(**more):
    return lambda claims: {name: value for name, value in (claims | more).items() if value is not None}


WRONG_CLAIMS = {
    "wrong nonce": (changed(nonce="another"), "nonce"),
    "no nonce": (changed(nonce=None), "token"),
    "wrong audience": (changed(aud="another client"), "audience"),
    "no audience": (changed(aud=None), "token"),
    "several audiences and another's turn": (changed(aud=[CLIENT_ID, "x"], azp="x"), "audience"),
    "wrong issuer": (changed(iss="https://evil.example"), "issuer"),
    "expired": (changed(exp=int(time.time()) - 600), "expired"),
    "no expiry": (changed(exp=None), "token"),
    "not yet": (changed(nbf=int(time.time()) + 86_400), "token"),
    "no subject": (changed(sub=None), "token"),
    "wrong access token": (changed(at_hash="AAAA"), "token"),
}


@pytest.mark.parametrize(("claims", "cause"), WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_token_that_says_something_wrong(site, at_firm, firm, claims, cause):
    firm.claims = claims
    refused(site, at_firm.get(there_and_back(at_firm)), cause)
    assert at_firm.get("/me").status_code == 401


@pytest.mark.parametrize(
    "sign",
    ["signed_by_a_stranger", "signed_with_a_key_of_its_own", "signed_by_the_public_key", "unsigned"],
)
def test_a_token_that_is_not_signed_by_the_service(site, at_firm, firm, sign):
    firm.sign = getattr(firm, sign)
    refused(site, at_firm.get(there_and_back(at_firm)), "token")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", None])
def test_a_token_that_is_none(site, at_firm, firm, token):
    firm.sign = lambda claims: token
    refused(site, at_firm.get(there_and_back(at_firm)), "token")


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"issuer": "https://evil.example"}, "issuer"),
        ({"token_endpoint": "http://evil.example/token"}, "service"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "service"),
        ({"jwks_uri": "file:///etc/passwd"}, "service"),
        ({"jwks_uri": ""}, "service"),
    ],
)
def test_a_service_that_says_something_wrong_of_itself(site, at_firm, firm, facts, cause):
    firm.facts = facts
    answer = at_firm.get("/login/oidc")
    assert answer.status_code == 401
    assert cause in answer.json()["en"]


def test_a_service_that_does_not_answer(site, at_firm, firm):
    firm.facts = {"token_endpoint": f"{firm.issuer}/nothing", "jwks_uri": f"{firm.issuer}/nothing"}
    back = there_and_back(at_firm)
    answer = at_firm.get(back)
    assert answer.status_code == 401
    silent = Browser(small_app(site, provider=Provider("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET)))
    assert silent.get("/login/oidc").status_code == 401


def test_an_answer_of_another_issuer_is_not_taken(site, at_firm):
    back = there_and_back(at_firm)
    refused(site, at_firm.get(back.replace("iss=http", "iss=https")), "issuer")


def test_a_service_is_reached_through_tls_or_not_at_all():
    for issuer in ("http://id.example", "ftp://id.example", "id.example", ""):
        with pytest.raises(oidc.SignInFailed):
            oidc.begin(Provider(issuer, "a", "b"), oidc.Round(), ADDRESS)


def test_a_service_is_set_up_by_the_environment():
    told = {
        "LINESHAFT_OIDC_ISSUER": "https://id.example",
        "LINESHAFT_OIDC_CLIENT_ID": "a",
        "LINESHAFT_OIDC_CLIENT_SECRET": "b",
    }
    assert Provider.from_environment(told) == Provider("https://id.example", "a", "b", "id.example")
    assert Provider.from_environment(told | {"LINESHAFT_OIDC_JOINS": "1"}).joins
    assert Provider.from_environment({}) is None
    assert "b'" not in repr(Provider.from_environment(told))


def test_without_a_service_there_is_none(site, browser):
    assert browser.get("/login/oidc").status_code == 404
    assert browser.get(login.BACK).status_code == 404


def test_under_tls_the_round_cookie_is_bound_to_the_host(site, provider):
    browser = Browser(small_app(site, SECURE, provider=provider), SECURE)
    cookie = browser.get("/login/oidc").headers["Set-Cookie"]
    assert cookie.startswith("__Host-lineshaft-round=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={login.ROUND_S}"} <= set(
        cookie.split("; ")
    )
