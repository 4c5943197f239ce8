"""Invented values for a template's variables: what is shown or tried must not be a customer's."""

from collections.abc import Iterable, Mapping

#: Names of columns that French files often have, and what stands in for them.
_INVENTED: Mapping[str, str] = {
    "prenom": "Camille",
    "nom": "Martin",
    "civilite": "Mme",
    "ville": "Nice",
    "code": "ABC123",
    "code_postal": "06000",
    "magasin": "Nice Centre",
    "date": "20/12",
    "heure": "10h",
    "email": "camille@example.com",
}


def sample_values(variables: Iterable[str], constants: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each variable: the constant where there is one, else an invented one.

    A name that is not known stands for itself, without its underscores.
    """
    return {name: constants.get(name) or _INVENTED.get(name, name.replace("_", " ")) for name in variables}
