"""A person's login, as meaningless as that of the RandomUser API."""

import hashlib
import string
from random import Random
from uuid import UUID

_MOODS = (
    "angry",
    "beautiful",
    "big",
    "blue",
    "brown",
    "crazy",
    "golden",
    "green",
    "happy",
    "heavy",
    "lazy",
    "organic",
    "purple",
    "red",
    "sad",
    "tiny",
    "yellow",
)
_ANIMALS = (
    "bear",
    "bird",
    "butterfly",
    "cat",
    "dog",
    "duck",
    "elephant",
    "fish",
    "frog",
    "gorilla",
    "koala",
    "ladybug",
    "leopard",
    "lion",
    "panda",
    "rabbit",
    "swan",
    "wolf",
)
_PASSWORDS = (
    "avalanche",
    "basket",
    "cobalt",
    "dolphin",
    "ember",
    "falcon",
    "galaxy",
    "harbor",
    "indigo",
    "jasper",
    "kettle",
    "lantern",
    "meadow",
    "nimbus",
)
_SALT = string.ascii_letters + string.digits


def login(random: Random, uuids: Random) -> dict[str, str]:
    """Make a login. Its uuid comes from a source of its own, so that it depends on the seed and on nothing else."""
    password = random.choice(_PASSWORDS)
    salt = "".join(random.choices(_SALT, k=8))
    salted = (password + salt).encode()
    return {
        "uuid": str(UUID(int=uuids.getrandbits(128), version=4)),
        "username": f"{random.choice(_MOODS)}{random.choice(_ANIMALS)}{random.randint(100, 999)}",
        "password": password,
        "salt": salt,
        # The API gives these three; they protect nothing.
        "md5": hashlib.md5(salted, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(salted, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(salted).hexdigest(),
    }
