"""The recorded response of the RandomUser API, where it lies beside the repository, and what was derived from it."""

import json
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parents[4] / "shared" / "randomuser" / "recorded-1.4-111-users.json"
SHAPE = Path(__file__).with_name("recorded_shape.json")
"""The shape of the recording; it stands in for it in a clone that has no recording beside it."""


def recorded_people() -> list[dict[str, Any]]:
    return json.loads(RECORDING.read_bytes())["results"]
