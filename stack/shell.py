"""What the shell that starts the servers gives them."""

import os
from pathlib import Path

# What the servers take over from the shell that starts them. Everything else would make them differ by shell.
_INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_TOOL_OPTIONS"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)


def inherited_environment() -> dict[str, str]:
    """Give what the servers take over from this shell."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def java_home() -> Path | None:
    """Give JAVA_HOME of this shell."""
    return Path(os.environ["JAVA_HOME"]) if os.environ.get("JAVA_HOME") else None


def path() -> str:
    """Give PATH of this shell."""
    return os.environ.get("PATH", os.defpath)
