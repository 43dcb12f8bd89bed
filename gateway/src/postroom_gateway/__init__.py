"""The one public door: sign-in, tokens, routing, one OpenAPI, rate limits."""
