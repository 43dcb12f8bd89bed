"use strict";

/* A session cookie goes along by itself; an unsafe request also needs the session's CSRF token. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
let csrfToken = null;

async function sessionCsrfToken() {
  const answer = await fetch("/v1/session", { headers: { Accept: "application/json" } });
  return answer.ok ? (await answer.json()).csrf_token : null;
}

async function withCsrfToken(request) {
  const method = (request.method || "GET").toUpperCase();
  if (SAFE.has(method) || request.loadSpec || request.headers.Authorization) {
    return request;
  }
  if (csrfToken === null) {
    csrfToken = await sessionCsrfToken();
  }
  if (csrfToken !== null) {
    request.headers["X-CSRF-Token"] = csrfToken;
  }
  return request;
}

function noteSession(response) {
  if (new URL(response.url, location.href).pathname.startsWith("/v1/session")) {
    csrfToken = (response.body && response.body.csrf_token) || null;
  }
  return response;
}

window.documentation = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  docExpansion: "list",
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  requestInterceptor: withCsrfToken,
  responseInterceptor: noteSession,
});
