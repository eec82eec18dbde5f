"""Names in any script → the Latin letters of an e-mail address, as the RandomUser API spells them."""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

_FOREIGN = re.compile(r"[^a-z0-9.'-]")


def latin(name: str) -> str:
    """Spell a name in lower-case Latin letters, without marks and blanks. Letters of unknown scripts are left out."""
    composed = unicodedata.normalize("NFC", name.lower()).translate(_letters())
    bare = "".join(c for c in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(c))
    return _FOREIGN.sub("", bare) or "x"


@cache
def _letters() -> dict[int, str]:
    """Give the spelling of each letter that is not a Latin one with a mark. Persian vowels mostly stay unwritten."""
    alphabets = json.loads(Path(__file__).with_name("letters.json").read_text(encoding="utf-8"))
    return {ord(letter): spelled for alphabet in alphabets.values() for letter, spelled in alphabet.items()}
