"""How names are compared: header cells, template variables, did-you-mean."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)  # the same few names stand in every row's entry and every campaign of a folder
def fold_name(text: str) -> str:
    """Fold a column's name into its variable: lower case, accents dropped, the rest to `_`.

    >>> fold_name(" Prénom client ")
    'prenom_client'
    """
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    without_marks = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "_", without_marks).strip("_")


def match_name(text: str) -> str:
    """Fold a name for comparison: like `fold_name`, with `_` dropped, so that `Pré-nom` is `prenom`."""
    return fold_name(text).replace("_", "")


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, or None."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
