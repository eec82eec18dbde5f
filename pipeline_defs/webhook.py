"""Posts a text to a webhook that takes Slack's messages, within a short time limit."""

from http import HTTPStatus

import requests
from pydantic import SecretStr

from pipeline_defs.errors import PipelineError

_TIME_LIMITS = (2.0, 3.0)  # seconds to connect, and to answer


class WebhookError(PipelineError):
    """The message did not arrive, as far as is known. The text never holds the address: it is a secret."""


def post(url: SecretStr, text: str) -> None:
    """Post a text. One whose answer is slow has arrived: to send it again would tell it twice.

    Raises:
        WebhookError: nobody is there, or it was refused.
    """
    try:
        # The status says it all: what follows it could drip in for ever, and a redirect would turn the POST into a GET.
        with requests.post(
            url.get_secret_value(), json={"text": text}, timeout=_TIME_LIMITS, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.ReadTimeout:
        return
    except requests.RequestException as error:
        raise WebhookError(
            f"The alert's webhook can't be reached ({type(error).__name__}). See that ALERT_WEBHOOK_URL is right."
        ) from None
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise WebhookError(
            f"The alert's webhook refused a message with HTTP {status}. See that ALERT_WEBHOOK_URL is right."
        )
