"""The services' OpenAPI documents, as each deployed service gives them: services are deployed one by one."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

import httpx
import structlog

from postroom_gateway.documentation.merging import Document, DuplicateOperationError
from postroom_gateway.documentation.public_document import build_public_document
from postroom_shared.http.self_description import DOCUMENT_PATH
from postroom_shared.manifest import ServiceManifest

TIMEOUT_S = 5.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Published:
    """The merged document as it is sent."""

    body: bytes
    etag: str


class Documents:
    """Ask each service for its document, keep the last good one, and merge them when one has changed."""

    def __init__(self, manifests: Sequence[ServiceManifest], urls: Mapping[str, str], http: httpx.AsyncClient) -> None:
        self._manifests = manifests
        self._urls = urls
        self._http = http
        self._known: dict[str, Document] = {}
        self._etags: dict[str, str] = {}
        self._published: Published | None = None

    async def refresh(self) -> bool:
        """Ask every service once; return whether the document of each is known."""
        for manifest in self._manifests:
            await self._ask(manifest.name)
        return len(self._known) == len(self._manifests)

    async def _ask(self, name: str) -> None:
        known = {"If-None-Match": self._etags[name]} if name in self._etags else {}
        try:
            answer = await self._http.get(self._urls[name] + DOCUMENT_PATH, headers=known)
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return
            self._known[name] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            log.debug("gateway.no_document", upstream=name, error=repr(error))
            return
        self._etags[name] = answer.headers.get("ETag", "")
        self._published = None

    def published(self, own: Document, *, session_cookie: str) -> Published:
        """Return the document of the suite, with every service whose document is known and fits.

        Args:
            own: The gateway's own document.
            session_cookie: Name of the cookie.
        """
        if self._published is None:
            document = self._fitting(own, session_cookie)
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            self._published = Published(body, f'"{sha256(body).hexdigest()[:32]}"')
        return self._published

    def _fitting(self, own: Document, session_cookie: str) -> Document:
        version = own["info"]["version"]
        merged = build_public_document(own, [], session_cookie=session_cookie, version=version)
        fitting: list[tuple[ServiceManifest, Document]] = []
        for manifest in self._manifests:
            if manifest.name not in self._known:
                continue
            wanted = [*fitting, (manifest, self._known[manifest.name])]
            try:
                merged = build_public_document(own, wanted, session_cookie=session_cookie, version=version)
            except (DuplicateOperationError, KeyError, TypeError, AttributeError) as error:
                log.error("gateway.document_does_not_fit", upstream=manifest.name, error=repr(error))  # noqa: TRY400
                continue
            fitting = wanted
        return merged


@asynccontextmanager
async def open_documents(manifests: Sequence[ServiceManifest], urls: Mapping[str, str]) -> AsyncIterator[Documents]:
    """Yield the documents over connections of their own."""
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        yield Documents(manifests, urls, http)
