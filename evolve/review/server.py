"""The live pages: a local web server over an archive. It reads alone; nothing on a page changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from evaluators.protocol import EvaluatorBug
from evolve.archive import Archive, ArchiveError
from evolve.records import Candidate, Run
from evolve.review.candidate import candidate_page
from evolve.review.candidates import candidates_page
from evolve.review.comparison import comparison_page
from evolve.review.difference import asked_for, difference_page
from evolve.review.guard import guards
from evolve.review.leaderboard import home_page, problem_page
from evolve.review.lineage import lineage_page
from evolve.review.playing import playing
from evolve.review.profile import profile_page
from evolve.review.run import run_page
from evolve.review.site import BadAddress, Page, Site
from sandbox.session import SandboxError

Endpoint = Callable[[Request], Awaitable[Response]]
Make = Callable[[Request], Page]
MOST_WORDS = 300  # characters
WHOLE, PART = "layout.html", "fragment.html"


class Pages:
    """The endpoints."""

    def __init__(self, archive: Archive, backend: str) -> None:
        self._archive, self._site, self._playing = archive, Site(), playing(backend)

    def routes(self) -> list[Route]:
        """All addresses."""
        return [
            Route("/", self._page(self._home)),
            Route("/runs/{run}", self._page(self._run)),
            Route("/runs/{run}/candidates", self._page(self._candidates)),
            Route("/runs/{run}/lineage", self._page(self._lineage)),
            Route("/candidates/{candidate}", self._page(self._candidate)),
            Route("/candidates/{candidate}/comparison", self._page(self._comparison)),
            Route("/candidates/{candidate}/difference", self._page(self._difference)),
            Route("/problems/{problem}", self._page(self._problem)),
            Route("/part/home", self._page(self._home, part="home_lists.html")),
            Route("/part/runs/{run}", self._page(self._run, part="run_state.html")),
            Route("/part/candidates/{candidate}/profile", self._page(self._profile, part="profile.html")),
        ]

    def sorry(self, status: int, heading: str, words: str) -> Response:
        """A page that says in a line why there is no other."""
        context = {"heading": heading, "words": " ".join(words.split())[:MOST_WORDS]}
        return self._html(Page("", heading, "message.html", context), status)

    def _page(self, make: Make, part: str | None = None) -> Endpoint:
        """part: the template of what an open page asks for every second; nothing comes while all is as it has it."""

        def made(request: Request) -> Response:
            try:
                stamp = request.query_params.get("stamp")
                if part and stamp and stamp == self._archive.stamp(request.path_params.get("run")):
                    return Response(status_code=204)
                page = make(request)
            except BadAddress as error:
                return self.sorry(400, "This address cannot be shown", str(error))
            except ArchiveError as error:
                return self.sorry(404, "Not found", str(error))
            except (SandboxError, EvaluatorBug) as error:
                return self.sorry(503, "It cannot be played now", str(error))
            return self._html(replace(page, template=part), layout=PART) if part else self._html(page)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(made, request)

        return endpoint

    def _html(self, page: Page, status: int = 200, layout: str = WHOLE) -> Response:
        # Lone surrogates of a hostile text have no bytes.
        return HTMLResponse(self._site.render(page, layout).encode("utf-8", "replace"), status)

    def _found(self, request: Request) -> Candidate:
        return self._archive.candidate(request.path_params["candidate"])

    def _run_found(self, request: Request) -> Run:
        return self._archive.run(request.path_params["run"])

    def _home(self, request: Request) -> Page:
        return home_page(self._archive)

    def _run(self, request: Request) -> Page:
        return run_page(self._archive, self._run_found(request))

    def _candidates(self, request: Request) -> Page:
        return candidates_page(self._archive, self._run_found(request), request.query_params)

    def _lineage(self, request: Request) -> Page:
        return lineage_page(self._archive, self._run_found(request), self._site.link)

    def _problem(self, request: Request) -> Page:
        return problem_page(self._archive, request.path_params["problem"], request.query_params, self._site.link)

    def _candidate(self, request: Request) -> Page:
        return candidate_page(self._archive, self._found(request), request.query_params.get("beside"))

    def _comparison(self, request: Request) -> Page:
        return comparison_page(self._archive, self._found(request))

    def _difference(self, request: Request) -> Page:
        return difference_page(self._archive, self._found(request), self._playing, asked_for(request.query_params))

    def _profile(self, request: Request) -> Page:
        return profile_page(self._archive, self._found(request), self._playing)


def application(archive: Archive, backend: str = "auto", token: str | None = None) -> Starlette:
    """The pages of an archive; see `guards` for the token."""
    pages = Pages(archive, backend)
    static = StaticFiles(directory=str(files("evolve.review") / "static"))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = pages.sorry(error.status_code, error.detail, f"{request.method} {request.url.path[:200]}")
        response.headers.update(error.headers or {})
        return response

    return Starlette(
        routes=[*pages.routes(), Mount("/static", static)],
        middleware=guards(token),
        exception_handlers={HTTPException: refused},
    )
