"""One valid document of the suite, and the page that shows it, in a real browser under the strict policy."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.async_api import Browser, Page, async_playwright, expect

SignIn = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Any]]
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


async def test_the_document_is_valid_and_says_how_to_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    document = answer.json()

    OpenAPIV31SpecValidator(document).validate()
    assert document["servers"] == [{"url": "/"}]
    assert set(document["components"]["securitySchemes"]) == {"session", "csrf", "token"}
    operation = document["paths"]["/v1/api-tokens"]["post"]
    assert operation["security"] == [{"session": [], "csrf": []}, {"token": []}]
    assert {"$ref": "#/components/parameters/Organisation"} in operation["parameters"]
    assert "429" in operation["responses"]
    assert not any(path.startswith("/internal/") for path in document["paths"])


async def test_a_document_that_is_known_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/openapi.json")

    again = await client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_a_service_comes_into_the_document_when_it_is_there_and_stays_when_it_is_away(
    start_gateway: Start, start_peer: Start
) -> None:
    peer = await start_peer()
    gateway = await start_gateway(upstreams={"directory": peer.url}, documents_refresh_s=0.1)

    async with gateway.client() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        await peer.process.stop()
        later = (await client.get("/openapi.json")).json()["paths"]

    assert "/v1/people/{person_id}" in paths
    assert "/internal/v1/anything" not in paths
    assert later == paths


async def test_the_front_page_leads_to_the_documentation(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


async def test_a_file_the_page_does_not_have_is_a_404(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs/secret.txt")).status_code == 404
    assert (await client.get("/docs/..%2fapp.py")).status_code == 400


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("these tests need Chromium (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield launched
        await launched.close()


class Watched:
    """A page, and everything that went wrong or outside on it."""

    def __init__(self, page: Page, own_url: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._note(request.url, own_url))

    def _note(self, url: str, own_url: str) -> None:
        if not url.startswith((own_url, "data:")):
            self.foreign.append(url)


@pytest_asyncio.fixture(loop_scope="session")
async def watched(browser: Browser, gateway: Any, sign_in: SignIn) -> AsyncIterator[Watched]:
    person = await sign_in()
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    await context.add_cookies(
        [{"name": name, "value": value, "url": gateway.url} for name, value in person.cookies.items()]
    )
    yield Watched(await context.new_page(), gateway.url)
    await context.close()


async def test_the_page_shows_the_operations_without_breaking_its_policy(watched: Watched, gateway: Any) -> None:
    page = watched.page

    await page.goto(f"{gateway.url}/docs")

    await expect(page.locator(".opblock-summary-path").first).to_be_visible(timeout=20_000)
    await expect(page.locator("#operations-session-startSession")).to_be_visible()
    assert watched.errors == []
    assert watched.foreign == []


async def test_an_operation_can_be_tried_on_the_page(watched: Watched, gateway: Any) -> None:
    page = watched.page
    await page.goto(f"{gateway.url}/docs")
    block = page.locator("#operations-session-getSession")

    await block.locator(".opblock-summary-control").click(timeout=20_000)
    await block.get_by_role("button", name="Try it out").click()
    await block.get_by_role("button", name="Execute").click()

    await expect(block.locator(".live-responses-table tr.response .response-col_status").first).to_contain_text("200")
    await expect(block.locator(".live-responses-table")).to_contain_text("csrf_token")
    assert watched.errors == []
    assert watched.foreign == []


async def test_a_change_can_be_tried_on_the_page_with_the_csrf_token_sent_along(watched: Watched, gateway: Any) -> None:
    page = watched.page
    await page.goto(f"{gateway.url}/docs")
    block = page.locator("#operations-API_tokens-createApiToken")

    await block.locator(".opblock-summary-control").click(timeout=20_000)
    await block.get_by_role("button", name="Try it out").click()
    await block.get_by_role("button", name="Execute").click()

    await expect(block.locator(".live-responses-table tr.response .response-col_status").first).to_contain_text("201")
    assert watched.errors == []
