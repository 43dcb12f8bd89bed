"""One OpenAPI document of the whole suite, and a page to read it."""
