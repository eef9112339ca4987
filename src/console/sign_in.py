"""Signing in and out in a browser: the token of `agency.sign_in`, kept in a cookie that only pages take."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from msgspec import Meta

from agency import sign_in
from agency.http import OPEN, SESSION_COOKIE, SignInSettings, caller_address
from agency.model import Actor
from console.forms import Form
from console.pages import SIGN_IN, local, page, redirect
from console.visit import HOME, Visit
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem


class Typed(sign_in.Confidential, frozen=True):
    sign_in_name: Annotated[str, Meta(max_length=100)]
    password: Annotated[str, Meta(max_length=1000)]
    next: str = HOME


@get("/sign-in", opt=OPEN)
async def sign_in_page(request: Request[Any, Any, State], visit: NamedDependency[Visit]) -> Response[str]:
    return page(visit, "sign_in.html", form=Form(), next=local(request.query_params.get("next")))


@post("/sign-in", opt=OPEN, status_code=200)
async def sign_in_at_page(
    request: Request[Any, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[SignInSettings],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        typed = form.read(Typed)
        attempt = sign_in.SignIn(typed.sign_in_name, typed.password, caller_address(request))
        signed_in = await sign_in.sign_in(database, clock, attempt, hours=settings.sign_in_hours)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return page(visit, "sign_in.html", status=problem.status, form=refused, next=local(form.value("next")))
    response = redirect(local(typed.next))
    seconds = int((signed_in.expires_at - clock.now()).total_seconds())
    response.set_cookie(visit.cookie(SESSION_COOKIE, signed_in.token, seconds, HOME))
    return response


@post("/sign-out", status_code=200)
async def sign_out_at_page(
    request: Request[Actor, bytes, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[Any]:
    await sign_in.sign_out(database, clock, request.auth)
    response = redirect(SIGN_IN)
    response.delete_cookie(SESSION_COOKIE, path=HOME)
    return response


ROUTES = [sign_in_page, sign_in_at_page, sign_out_at_page]
