"""Where log lines go."""

import io
import sys

import pytest
import structlog

from postroom_shared.structured_logging import configure_logging


def test_a_line_goes_to_the_standard_error_of_its_moment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    former = io.StringIO()
    with monkeypatch.context() as replaced:
        replaced.setattr(sys, "stderr", former)
        configure_logging(level="warning", log_format="console", service="tests")
        logger = structlog.get_logger("test")
        logger.warning("first")
        assert "first" in former.getvalue()
        former.close()

    logger.warning("second")

    assert "second" in capsys.readouterr().err
