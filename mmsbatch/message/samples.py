"""Invented values for a template's variables: what is shown or tried must not be a customer's."""

from collections.abc import Iterable, Mapping

from mmsbatch.message.measure import tidy
from mmsbatch.message.template import compile_text

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


def sample_text(text: str, constants: Mapping[str, str]) -> str:
    """Render a message with invented values for all that is not a constant; tidy, as it would be sent."""
    template = compile_text(text)
    return tidy(template.render(sample_values(sorted(template.used), constants)))


def sample_values(variables: Iterable[str], constants: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each variable: the constant where there is one, else an invented one.

    A name that is not known stands for itself, without its underscores.
    """
    return {name: constants.get(name) or _INVENTED.get(name, name.replace("_", " ")) for name in variables}
