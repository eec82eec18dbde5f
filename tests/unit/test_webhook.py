from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipeline_defs import webhook
from pipeline_defs.webhook import WebhookError, post
from tests.unit.webhook_server import Webhook, listening


@pytest.fixture
def slack() -> Iterator[Webhook]:
    with listening() as server:
        yield server


def test_a_text_arrives(slack: Webhook):
    post(slack.url, "well")
    assert slack.texts == ["well"]


def test_a_refusal_is_a_sentence_without_the_address(slack: Webhook):
    slack.status = 404
    with pytest.raises(WebhookError, match="HTTP 404") as found:
        post(slack.url, "well")
    assert "secret" not in str(found.value)


def test_a_redirect_is_a_refusal(slack: Webhook):
    slack.status, slack.headers = 302, {"Location": "/login"}
    with pytest.raises(WebhookError, match="HTTP 302"):
        post(slack.url, "well")


def test_one_whose_answer_is_cut_off_has_been_told(slack: Webhook):
    slack.headers = {"Content-Length": "9"}
    post(slack.url, "well")
    assert slack.texts == ["well"]


def test_nobody_there_is_a_sentence_without_the_address():
    with pytest.raises(WebhookError, match="ConnectionError") as found:
        post(SecretStr("http://127.0.0.1:9/services/secret"), "well")
    assert "secret" not in str(found.value)


def test_a_slow_one_has_been_told(slack: Webhook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhook, "_TIME_LIMITS", (2.0, 0.2))
    slack.answers.clear()
    post(slack.url, "well")
    assert slack.texts == ["well"]
