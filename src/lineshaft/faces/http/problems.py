"""One shape for everything that can go wrong (RFC 9457), in both languages, with every fault in its place."""

from __future__ import annotations

import logging
import math
import uuid
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lineshaft.core import BadInput, Cancelled, Fault, LineshaftError, Missing, NotAllowed, Refused, Words
from lineshaft.faces.http.guard import NotSignedIn, TooMany
from lineshaft.store.database import StorageFailed

MEDIA_TYPE = "application/problem+json"
STORAGE_WAIT_S = 5
FAULTS_TOLD = 1_000
NO_PAGES = ("/v1", "/mcp")
STATUS: tuple[tuple[type[LineshaftError], int], ...] = (
    (BadInput, 422),
    (Missing, 404),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (Refused, 409),
    (Cancelled, 409),
    (TooMany, 429),
    (StorageFailed, 503),
)
KINDS = {
    400: ("unreadable", Words("The request cannot be read.", "无法读取请求。")),
    401: ("not-signed-in", Words("Please sign in.", "请先登录。")),
    403: ("not-allowed", Words("You may not do this.", "无此权限。")),
    404: ("missing", Words("There is nothing at this address.", "此地址没有内容。")),
    405: ("method", Words("This address does not take this method.", "此地址不支持该请求方法。")),
    409: ("refused", Words("The present state does not allow it.", "当前状态不允许此操作。")),
    413: ("too-large", Words("The request is too large.", "请求内容过大。")),
    415: ("media-type", Words("This kind of content is not taken.", "不支持该内容类型。")),
    422: ("bad-input", Words("The request breaks rules.", "请求内容有误。")),
    429: ("too-many", Words("Too many requests.", "请求过于频繁。")),
    500: ("failure", Words("Something went wrong here; it has been noted.", "系统内部出错,已记录。")),
    503: ("storage", Words("The store is not ready.", "存储暂不可用。")),
}
VALIDATION_ZH = {
    "missing": "必须填写",
    "json_invalid": "不是有效的 JSON",
    "extra_forbidden": "没有此字段",
    "string_too_long": "文字过长",
    "string_too_short": "文字过短",
    "too_long": "项数过多",
    "too_short": "项数过少",
    "greater_than_equal": "数值过小",
    "less_than_equal": "数值过大",
    "string_pattern_mismatch": "格式不正确",
    "literal_error": "不在可选值中",
}
log = logging.getLogger("lineshaft.http")


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem, or as a page where a browser asked for one."""
    app.add_exception_handler(LineshaftError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unknown)


def status_of(error: LineshaftError) -> int:
    """The HTTP status of an error class; errors of other modules may bring their own `status`."""
    own: int | None = getattr(error, "status", None)
    return own or next((status for kind, status in STATUS if isinstance(error, kind)), 422)


def answer(
    request: Request,
    status: int,
    words: Words,
    faults: list[Fault] | None = None,
    *,
    headers: dict[str, str] | None = None,
    incident: str = "",
) -> Response:
    """A problem, or the page that shows it."""
    faults = faults or []
    page = None if request.url.path.startswith(NO_PAGES) else _page(request, words, status, faults)
    if page is not None:
        page.headers.update(headers or {})
        return page
    kind, title = KINDS.get(status, ("failure", words))
    body: dict[str, Any] = {
        "type": f"/v1/problems#{kind}",
        "title": title.en,
        "status": status,
        "detail": words.en,
        "en": words.en,
        "zh": words.zh,
        "faults": [fault.as_dict() for fault in faults[:FAULTS_TOLD]],
    }
    if incident:
        body["incident"] = incident
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def answer_to(request: Request, error: LineshaftError) -> Response:
    """The answer to one of our own errors."""
    headers = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="lineshaft"'
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(max(1, math.ceil(error.wait_s)))
    if isinstance(error, StorageFailed):
        headers["Retry-After"] = str(STORAGE_WAIT_S)
        log.error("storage failed: %s", error.cause)
    faults = error.faults if isinstance(error, BadInput) else []
    return answer(request, status_of(error), error.words, faults, headers=headers)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, LineshaftError)
    return answer_to(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_validation_fault(one) for one in error.errors()]
    return answer(request, 422, BadInput(faults).words, faults)


async def _plain(request: Request, error: Exception) -> Response:
    """Errors of the frameworks: no such address, wrong method, a body that is too large or no form."""
    assert isinstance(error, HTTPException)
    words = KINDS[error.status_code][1] if error.status_code in KINDS else Words(error.detail, "请求有误。")
    return answer(request, error.status_code, words, headers=dict(error.headers or {}))


async def _unknown(request: Request, error: Exception) -> Response:
    incident = uuid.uuid4().hex[:12]
    log.error("incident %s: %s %s", incident, request.method, request.url.path, exc_info=error)
    title = KINDS[500][1]
    words = Words(f"{title.en} Number: {incident}.", f"{title.zh}编号:{incident}。")
    return answer(request, 500, words, incident=incident)


def _validation_fault(found: dict[str, Any]) -> Fault:
    place = ".".join(str(part) for part in found["loc"][1:])
    value = found.get("input")
    shown = value if isinstance(value, str | int | float | bool) else None
    words = Words(str(found["msg"]), VALIDATION_ZH.get(str(found["type"]), "内容不符合要求"))
    return Fault(str(found["loc"][0]), (), place, shown, str(found["type"]), words)


def _page(request: Request, words: Words, status: int, faults: list[Fault]) -> Response | None:
    if "text/html" not in request.headers.get("accept", ""):
        return None
    try:
        from lineshaft.faces.web.pages import error_page
    except ModuleNotFoundError:
        return None
    page: Response = error_page(request, words, status, faults)
    return page
