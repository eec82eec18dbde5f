"""What a query is answered with: people, and an `info` that says where they come from."""

import json
from datetime import datetime
from random import Random

from stack.embedded_api.people import Fields, person
from stack.embedded_api.query import Query

VERSION = "1.4"
SOURCE = "embedded: these people are made up by this pipeline, they do not come from randomuser.me"


def document(query: Query, now: datetime) -> dict[str, object]:
    """Give the answer to a query: the same people for the same seed, page and nationalities.

    As with the RandomUser API, the uuids depend on the seed and the page alone: sent with other nationalities, the same
    seed gives other people with the same uuids.
    """
    seed = query.seed if query.page == 1 else f"{query.seed}{query.page}"
    # Reproducible people are the point, and nothing here is a secret.
    random, uuids = Random(f"people {seed}"), Random(f"uuids {seed}")  # noqa: S311
    answer: dict[str, object] = {"results": [_result(query, random, uuids, now) for _ in range(query.results)]}
    if query.info:
        answer["info"] = {
            "seed": query.seed,
            "results": query.results,
            "page": query.page,
            "version": VERSION,
            "source": SOURCE,
        }
    return answer


def written(answer: object, *, indented: bool) -> bytes:
    """Write an answer as the RandomUser API does: without blanks and with every letter as itself."""
    if indented:
        return json.dumps(answer, ensure_ascii=False, indent=2).encode()
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _result(query: Query, random: Random, uuids: Random, now: datetime) -> Fields:
    code = random.choice(query.nationalities)
    gender = query.gender or random.choice(("male", "female"))
    whole = person(code, gender, random, uuids, now)
    return {name: value for name, value in whole.items() if name in query.fields}
