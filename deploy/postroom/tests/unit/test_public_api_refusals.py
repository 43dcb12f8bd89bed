import httpx

from postroom.public_api import UNTYPED, ApiProblemError


def test_a_payload_that_is_refused_names_each_field() -> None:
    errors = [
        {"in": "body", "field": "source.local.address", "message": "Value error, this is no mail address"},
        {"in": "body", "field": "target_address_id", "message": "Input should be a valid UUID"},
    ]
    document = {
        "type": "urn:postroom:problem:shared/payload",
        "title": "A value is not accepted",
        "status": 422,
        "errors": errors,
        "request_id": "4bf92f",
    }

    problem = ApiProblemError.of(httpx.Response(422, json=document))

    assert str(problem) == (
        "A value is not accepted: source.local.address: this is no mail address; "
        "target_address_id: Input should be a valid UUID"
    )
    assert problem.request_id == "4bf92f"


def test_the_answer_of_something_else_says_its_status() -> None:
    for content in (b"<html>", b"[]", b'"x"', b""):
        problem = ApiProblemError.of(httpx.Response(502, content=content))

        assert (problem.type, problem.title) == (UNTYPED, "The server answered 502 Bad Gateway")
