"""The whole workbench with hostile names, addresses and headers: text stays text, reading changes nothing."""

import re
from html.parser import HTMLParser
from types import ModuleType
from urllib.parse import quote

import polars as pl
import pytest
from gates import Browser
from saw import PIECES, SAW, UNLIMITED
from sites import PASSWORD, add_everybody, new_site
from starlette.websockets import WebSocketDisconnect

from lineshaft.faces.http import login
from lineshaft.faces.http.app import ROUTERS, create_app
from lineshaft.faces.web import pages, urls

MARK = "zq7"
HOSTILE = [
    f"<script>{MARK}()</script>",
    f'"><img src=x onerror={MARK}()>',
    f"'onmouseover='{MARK}()'",
    f"</script><svg onload={MARK}()>",
    f"javascript:{MARK}()",
    f"{{{{ {MARK} }}}}${{{MARK}}}",
    f"</textarea>--><!--{MARK}",
]
SQL = [
    "'; DROP TABLE piece; --",
    "' OR '1'='1",
    '" OR ""="',
    "1); DELETE FROM piece; --",
    "%' AND 1=0 UNION SELECT 1 --",
]
FILLS = {
    "works": "saw", "table": "customer", "engine": "toy.cutting", "run": "r1", "wing": "make", "name": "boss",
    "accept": "a1", "accept_id": "a1", "token": "x", "token_id": "x", "upload": "0" * 32, "upload_id": "0" * 32,
    "version": "x", "name:path": "tokens.css", "key:path": "C1",
}  # fmt: skip
QUERIES = {"/compare": "?first=r1&second=r1", "/row": "?key=C1", "/thread": "?key=C1", "/search": "?q=C1"}
ENDLESS = ("/events",)


def addresses() -> list[str]:
    """Every address that can be read, with something that is there put in."""
    modules = [one for one in vars(pages).values() if isinstance(one, ModuleType) and hasattr(one, "router")]
    routes = [("", route) for module in modules for route in module.router.routes]
    routes += [("/v1", route) for module in ROUTERS for route in module.router.routes]
    paths = {
        prefix + route.path
        for prefix, route in routes
        if "GET" in route.methods and not route.path.endswith(ENDLESS)
    }
    return sorted(
        re.sub(r"{([^}]+)}", lambda found: FILLS[found[1]], path)
        + next((query for end, query in QUERIES.items() if path.endswith(end)), "")
        for path in paths
    )


@pytest.fixture(scope="module")
def hostile(toy, tmp_path_factory):
    """A works full of hostile names, a run of it, and people and tokens of such names."""
    with new_site(tmp_path_factory.mktemp("hostile") / "site", None, "saw") as site:
        add_everybody(site, "saw")
        works = site.open_works("saw")
        customers = [{"customer_id": f"C{n}", "name": text} for n, text in enumerate(HOSTILE)]
        customers += [{"customer_id": text, "name": "x"} for text in HOSTILE]
        tables = {"customer": pl.DataFrame(customers), "piece": PIECES}
        works.write(tables, HOSTILE[0], "import", source=HOSTILE[1])
        works.submit("toy.cutting", actor=HOSTILE[0])
        assert works.work() == "r1"
        for n, text in enumerate(HOSTILE):
            site.people.add(f"p{n}", by="boss", title=text)
            site.tokens.make(text, site.who("boss"), None, ["read"], site.now().replace(year=2027))
            site.audit.append(text, text, text, {text: text})
        yield site


@pytest.fixture(scope="module")
def boss(hostile):
    browser = Browser(create_app(hostile, rates=UNLIMITED))
    browser.sign_in("boss", PASSWORD)
    return browser


class Markup(HTMLParser):
    """What a browser would make of a page: elements that run something, attributes that do."""

    def __init__(self):
        super().__init__()
        self.wrong = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        told = f"<{tag} {given}>"
        if tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != "application/json"
        ):
            self.wrong.append(told)
        if any(name.startswith("on") or name == "style" for name in given):
            self.wrong.append(told)
        links = (
            given.get(name) or "" for name in ("href", "src", "action", "formaction", "hx-get", "hx-post")
        )
        if any(link.strip().lower().startswith(("javascript:", "data:", "//", "http")) for link in links):
            self.wrong.append(told)
        if tag in ("img", "svg", "script") and MARK in told:
            self.wrong.append(told)


def is_page(answer) -> bool:
    return answer.headers.get("content-type", "").startswith(
        "text/html"
    ) and "attachment" not in answer.headers.get("content-disposition", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_text_on_every_page(boss, text):
    seen = 0
    for address in addresses():
        address = address.replace("/C1", "/" + quote(urls.key_text((text,)), safe="/~"))
        answer = boss.get(address, headers={"Accept": "text/html"})
        if is_page(answer):
            page = Markup()
            page.feed(answer.text)
            assert page.wrong == [], address
            seen += MARK in answer.text
    assert seen >= 5


def test_no_page_has_a_script_or_style_written_into_it(boss):
    whole = [
        answer
        for address in addresses()
        if is_page(answer := boss.get(address, headers={"Accept": "text/html"}))
    ]
    assert len(whole) >= 15
    for answer in whole:
        page = Markup()
        page.feed(answer.text)
        assert page.wrong == [], answer.url


def test_reading_changes_nothing(hostile, boss):
    works = hostile.open_works("saw")
    before = works.root(), hostile.audit.root(), works.runs(), works.tables()
    answers = [boss.get(address) for address in addresses()]
    assert sum(answer.status_code == 200 for answer in answers) >= 40
    assert not [answer.url for answer in answers if answer.status_code >= 500]
    assert (works.root(), hostile.audit.root(), works.runs(), works.tables()) == before


def test_every_answer_says_what_it_is(boss):
    for address in addresses():
        answer = boss.get(address)
        if answer.content:
            kind = answer.headers["content-type"]
            assert "charset=utf-8" in kind.lower() or not kind.startswith("text/"), address


def test_files_are_downloads_and_never_pages(boss):
    files = [
        "/w/saw/export.xlsx",
        "/w/saw/tables/customer/export",
        f"{SAW}/tables/customer/file?kind=csv",
        "/w/saw/runs/r1/report.html",
    ]
    for address in files:
        answer = boss.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-disposition"].startswith("attachment"), address
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("text", SQL)
def test_hostile_questions_are_only_questions(as_, site, text):
    ask, works = as_("planner"), site.open_works("saw")
    before = works.root(), works.tables()
    asked = [
        (f"{SAW}/tables/piece/rows", {"filter": f"piece_id:eq:{text}"}),
        (f"{SAW}/tables/piece/rows", {"filter": f"{text}:eq:1"}),
        (f"{SAW}/tables/piece/rows", {"sort": text}),
        (f"{SAW}/tables/piece/rows", {"find": text}),
        (f"{SAW}/tables/piece/row", {"key": text}),
        (f"{SAW}/tables/{quote(text, safe='')}/rows", {}),
        (f"{SAW}/runs/{quote(text, safe='')}", {}),
        (f"/v1/works/{quote(text, safe='')}", {}),
    ]
    for path, params in asked:
        assert ask.raw("GET", path, params=params).status_code in (200, 404, 422), path
    assert (works.root(), works.tables()) == before
    row = {"piece_id": text, "length_mm": 100, "beside_piece_id": None}
    ask.post(f"{SAW}/tables/piece/rows", {"rows": [row]})
    assert ask.get(f"{SAW}/tables/piece/row", key=text)["row"]["piece_id"] == text
    assert works.tables()["piece"] == len(PIECES) + 1


def test_addresses_are_written_so_that_keys_stay_keys():
    for part in ("a/b", "a?b#c", "../x", "a&b=c", "javascript:x", "%2e%2e", "a~b", "é 轴"):
        address = urls.object_("saw", "piece", (part, "2"))
        assert address.startswith("/w/saw/objects/piece/")
        assert not set("?#& ") & set(address.removeprefix("/w/saw/objects/piece/"))
        assert "/../" not in address + "/"


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config", "/.env", "/site.db", "/../site.db", "/static/x/../../site.db", "/static/x/..%2f..%2fpages.py",
        "/static/x/%2e%2e/view.py", "/static/x//etc/passwd", "/static/x/tokens.css/..", "/w/saw/../../site.db", "/docs",
        "/redoc", "/openapi.json", "/v1/imports/..%2f..%2fsite.db", f"{SAW}/imports/..%2fsite.db",
    ],
)  # fmt: skip
def test_nothing_of_the_machine_is_served(boss, path):
    answer = boss.get(path)
    assert answer.status_code in (401, 404, 405), answer.text
    assert "SQLite format" not in answer.text


def test_uploads_are_not_served(as_, site):
    boss = Browser(as_("").client.app)
    boss.sign_in("boss", PASSWORD)
    upload = as_("planner").raw(
        "POST", f"{SAW}/imports", files={"file": ("a.csv", b"piece_id,length_mm\nX,1\n")}
    )
    assert upload.status_code < 300
    kept = [path for path in site.folder.rglob("*.csv") if "upload" in str(path)]
    assert kept
    for path in kept:
        inside = path.relative_to(site.folder).as_posix()
        for address in (f"/{inside}", f"/static/x/{inside}", f"/w/saw/{inside}", f"/{path.name}"):
            assert boss.get(address).status_code == 404


def test_no_answer_holds_a_password_a_session_or_a_works_place(hostile, boss):
    told = " ".join(boss.get(address).text for address in addresses())
    session = boss.cookies["lineshaft"]
    for secret in ("$argon2", session, PASSWORD, str(hostile.folder)):
        assert secret not in told


def test_no_secret_is_asked_for_in_an_address(boss):
    api = boss.get("/v1/openapi.json").json()
    asked = {
        parameter["name"]
        for path in api["paths"].values()
        for act in path.values()
        for parameter in act.get("parameters", [])
        if parameter["in"] == "query"
    }
    assert asked
    assert not asked & {"token", "password", "secret", "session", "csrf", "api_key", "access_token"}
    secret = hostile_token(boss)
    assert Browser(boss.app).get(f"/v1/me?access_token={secret}&token={secret}").status_code == 401


def hostile_token(boss) -> str:
    site = boss.app.state.site
    return site.tokens.make("t", site.who("boss"), None, ["read"], site.now().replace(year=2027))


def test_password_fields_hide_and_help(boss):
    for address, wanted in (
        ("/login", {"current-password"}),
        ("/account", {"current-password", "new-password"}),
    ):
        fields = Fields()
        fields.feed(boss.get(address, headers={"Accept": "text/html"}).text)
        hidden = [
            given
            for given in fields.found
            if "password" in given.get("name", "") or given.get("type") == "password"
        ]
        assert {given.get("type") for given in hidden} == {"password"}
        assert wanted <= {given.get("autocomplete") for given in hidden}
        for given in hidden:
            assert not {"maxlength", "onpaste", "oncopy", "readonly", "pattern"} & set(given)
            assert given.get("autocomplete") != "off"


class Fields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "input":
            self.found.append(dict(attrs))


def test_sign_in_pages_need_no_sign_in_and_all_others_do(boss):
    nobody = Browser(boss.app)
    for address in addresses():
        answer = nobody.get(address, headers={"Accept": "text/html"})
        if address.startswith(("/login", "/static/", "/v1/health", "/v1/problems")):
            assert answer.status_code == 200, address
        elif address.startswith("/v1"):
            assert answer.status_code == 401, address
        else:
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login"), address


def test_the_way_in_is_only_by_the_routes_meant_for_it():
    assert {route.path for route in login.router.routes if "GET" in route.methods} == {
        "/login/link",
        "/login/oidc",
        login.BACK,
    }


def test_there_is_no_socket_besides_http(app):
    assert not [route for route in app.routes if "websocket" in type(route).__name__.lower()]
    with pytest.raises(WebSocketDisconnect), Browser(app).websocket_connect("/v1/me"):
        pass
