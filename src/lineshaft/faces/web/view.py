"""What every page has: the reader's language and tastes, the person, the works, the rail; and templates filled with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from lineshaft.core import Fault, Words
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.http.guard import csrf, login_address, who
from lineshaft.faces.web import assets, rail, urls
from lineshaft.faces.web.grid import cells_html
from lineshaft.faces.web.words import Speech, language_of
from lineshaft.store.site import Site, Who

THEMES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")


class View:
    """One request's page.

    Parameters
    ----------
    request : Request
        With the cookies `ls_lang`, `ls_theme` and `ls_density`.
    person : Who, optional
        Who is signed in.
    desk : Desk, optional
        The works the page is about.
    """

    def __init__(self, request: Request, person: Who | None = None, desk: Desk | None = None) -> None:
        self.request, self.person, self._desk = request, person, desk
        self.site: Site = request.app.state.site
        language = language_of(request.cookies, request.headers.get("accept-language", ""))
        self.speech = Speech(language, desk.works.time_zone if desk else "UTC")
        self.theme = _one_of(request.cookies.get("ls_theme"), THEMES)
        self.density = _one_of(request.cookies.get("ls_density"), DENSITIES)

    @property
    def desk(self) -> Desk:
        """The desk of a page about a works."""
        assert self._desk is not None
        return self._desk

    @property
    def works_id(self) -> str:
        """The works the page is about, "" for none."""
        return self._desk.works_id if self._desk else ""

    @property
    def language(self) -> str:
        """ "zh" or "en"."""
        return self.speech.language

    def t(self, en: str, zh: str) -> str:
        """The words the reader reads."""
        return self.speech.t(en, zh)

    @property
    def csrf(self) -> str:
        """What forms and scripts of this session carry."""
        return csrf(self.request) if self.person else ""

    @property
    def is_fragment(self) -> bool:
        """True when htmx asks for a part of the page."""
        return "hx-request" in self.request.headers and "hx-boosted" not in self.request.headers

    def works_list(self) -> list[Any]:
        """The works that the person may see."""
        if self.person is None:
            return []
        return self.site.works(self.person)

    def rail(self) -> list[rail.Entry]:
        """The entries of the left rail."""
        if self._desk is None:
            return []
        admin = bool(self.person and self.person.governs)
        return rail.entries(self.works_id, self._desk.engines(), whole=self._desk.sees_all, admin=admin)

    def page(self, template: str, part: str = "", status: int = 200, **content: Any) -> Response:
        """A template as a whole page or a fragment; `part` is lit in the rail."""
        body = templates().get_template(template).render(
            v=self,
            s=self.speech,
            t=self.speech.t,
            lang=self.language,
            works=self.works_id,
            desk=self._desk,
            part=part,
            **content,
        )  # fmt: skip
        return HTMLResponse(body, status, headers={"Vary": "Cookie, HX-Request"})


@cache
def templates() -> Environment:
    """The environment of every page; a name that is not there is an error."""
    environment = Environment(
        loader=PackageLoader("lineshaft.faces.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"asset": assets.address, "urls": urls, "cells_html": cells_html}
    environment.filters["words"] = lambda words, language: Words(*words).say(language)
    return environment


def site_view(request: Request, person: Annotated[Who, Depends(who)]) -> View:
    """A page about the site."""
    return View(request, person)


def works_view(request: Request, works: str, person: Annotated[Who, Depends(who)]) -> View:
    """A page about a works; `Missing` where the person may not know of it."""
    return View(request, person, Desk(request.app.state.site, works, person))


SiteView = Annotated[View, Depends(site_view)]
WorksView = Annotated[View, Depends(works_view)]


def error_page(request: Request, words: Words, status: int, faults: Sequence[Fault] = ()) -> Response:
    """What went wrong, as a page, or as a fragment where htmx asked; who is not signed in is shown the door."""
    view = View(request, getattr(request.state, "who", None))
    if request.url.path.startswith("/login"):
        return login_page(view, words, status)
    if status == 401:
        target = login_address(request)
        return Response(headers={"HX-Redirect": target}) if view.is_fragment else go(target)
    template = "_error.html" if view.is_fragment else "error.html"
    return view.page(template, status=status, words=words, faults=list(faults)[:200], found=len(faults))


def login_page(view: View, words: Words | None = None, status: int = 200) -> Response:
    """The sign-in form; after a failure with what went wrong and the name as it was typed."""
    form = getattr(view.request, "_form", None) or view.request.query_params
    name, target = (form.get(field, "") for field in ("name", "next"))
    provider = view.request.app.state.gate.provider
    return view.page("login.html", status=status, words=words, name=name, target=target, provider=provider)


def go(address: str) -> Response:
    """After a form: on to another page."""
    return RedirectResponse(address, 303)


def _one_of(value: str | None, among: Sequence[str]) -> str:
    return value if value in among else among[0]
