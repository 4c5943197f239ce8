"""The registry of the gateway's statuses (manual 2.2 and 3.3): read by the code, the docs and the tests."""

from dataclasses import dataclass
from enum import Enum


class Reaction(Enum):
    """What a run does once a chunk was answered, or was not; the value says it to people."""

    GO_ON = "go on"
    ALL_REJECTED = "accepted, every number rejected; go on, under max_rejected"
    RETRY_THEN_REFUSED = "try again with backoff, then refused, and stop"
    RETRY_THEN_FAILED = "try again with backoff, then failed, and stop"
    STOP_FOR_CREDIT = "stop; running again after a top-up continues"
    STOP = "stop: every other chunk would get the same"
    STOP_UNLESS_TEXTS_DIFFER = "stop; where texts differ between chunks go on, and stop at the third"
    HOLD = "in doubt: never sent again by itself; stop at max_in_doubt"


@dataclass(frozen=True, slots=True)
class Status:
    """One status: the manual's French text, our meaning, and what a run does at it.

    `reaction` is None where only the account's answer has the status; `section` is the manual's.
    """

    code: int
    text: str
    meaning: str
    section: str
    reaction: Reaction | None


def _sending(code: int, text: str, meaning: str, reaction: Reaction) -> Status:
    return Status(code, text, meaning, "2.2", reaction)


def _account(code: int, text: str, meaning: str) -> Status:
    return Status(code, text, meaning, "3.3", None)


_SEND = (
    _sending(100, "Le message a été envoyé", "sent", Reaction.GO_ON),
    _sending(101, "Le message a été programmé pour un envoi différé", "scheduled", Reaction.GO_ON),
    _sending(
        102,
        "Problème de connexion - Aucun compte ne correspond aux clientcode et passcode spécifiés",
        "no account for these credentials",
        Reaction.STOP,
    ),
    _sending(
        103,
        "Crédit SMS épuisé. Veuillez recrediter votre compte sur AllMySMS.com",
        "credit exhausted",
        Reaction.STOP_FOR_CREDIT,
    ),
    _sending(
        104,
        "Crédit insuffisant pour traiter cet envoi. A utiliser: XX Crédits, Disponibles: XX Crédits. "
        "Veuillez recrediter votre compte sur AllMySMS.com",
        "credit insufficient for this request",
        Reaction.STOP_FOR_CREDIT,
    ),
    _sending(105, "Flux XML Vide", "empty flow", Reaction.STOP),
    _sending(
        106,
        "Flux XML invalide ou incomplet après la balise <DATA>",
        "flow invalid after DATA",
        Reaction.STOP_UNLESS_TEXTS_DIFFER,
    ),
    _sending(
        107,
        "Flux XML invalide ou incomplet après la balise <CLIENT>",
        "flow invalid after CLIENT",
        Reaction.STOP_UNLESS_TEXTS_DIFFER,
    ),
    _sending(
        108,
        "Balise <MSGCLASS> - Type du MMS non défini (vide) dans le flux XML",
        "MSGCLASS empty",
        Reaction.STOP,
    ),
    _sending(109, "Balise <MSGCLASS> - Type du MMS incorrect", "MSGCLASS wrong", Reaction.STOP),
    _sending(
        110,
        "Balise <MESSAGE> <IMAGE> <VIDEO> <SON> - non défini (vide) dans le flux XML",
        "MESSAGE, IMAGE, VIDEO or SON empty",
        Reaction.STOP_UNLESS_TEXTS_DIFFER,
    ),
    _sending(111, "Message trop long", "message too long", Reaction.STOP_UNLESS_TEXTS_DIFFER),
    _sending(112, "Extension invalide", "a medium's extension is not taken", Reaction.STOP),
    _sending(113, "URL incorrecte", "a medium's URL is not taken", Reaction.STOP),
    _sending(
        114,
        "Problème lors du téléchargement du fichier",
        "the gateway could not fetch the medium",
        Reaction.RETRY_THEN_REFUSED,
    ),
    _sending(115, "Média trop volumineux (image, son, vidéo)", "medium too large", Reaction.STOP),
    _sending(
        116,
        "Impossible de se connecter au serveur pour télécharger l'image",
        "the gateway could not reach the image's server",
        Reaction.RETRY_THEN_REFUSED,
    ),
    _sending(
        117,
        "Problème au cours du téléchargement de l'image",
        "the gateway could not fetch the image",
        Reaction.RETRY_THEN_REFUSED,
    ),
    _sending(
        118,
        "Balise <VIDEO><URL> <SON><URL> - non définie (vide) dans le flux XML",
        "URL of the video or sound empty",
        Reaction.STOP,
    ),
    _sending(
        119,
        "Balise <VIDEO><DUREE> <SON><DUREE> - non définie (vide) dans le flux XML",
        "duration of the video or sound empty",
        Reaction.STOP,
    ),
    _sending(120, "Durée incorrect pour le son ou la vidéo", "duration out of range", Reaction.STOP),
    _sending(
        121,
        "Flux XML invalide ou date mal formatée entre les balises <DATE> et </DATE>",
        "flow invalid, or DATE malformed",
        Reaction.STOP,
    ),
    _sending(
        122,
        "Flux XML invalide ou incomplet après la balise <MOBILEPHONE>",
        "flow invalid after MOBILEPHONE",
        Reaction.STOP_UNLESS_TEXTS_DIFFER,
    ),
    _sending(
        123,
        "Aucun numéro de téléphone valide dans le flux. Veuillez vous référer à la documentation en ligne "
        "pour connaître les formats valides.",
        "no valid number",
        Reaction.ALL_REJECTED,
    ),
    _sending(
        200,
        "Vous n'avez pas l'autorisation d'utiliser ce module. Contactez le support AllMySMS pour plus de "
        "renseignements.",
        "not allowed to use the module",
        Reaction.STOP,
    ),
)

#: What the send endpoint answers (2.2).
SEND_STATUSES = {status.code: status for status in _SEND}

#: What the account endpoint answers (3.3); 100 is what the sample in 3.2 shows, 102 and 200 are shared.
ACCOUNT_STATUSES = {
    status.code: status
    for status in (
        _account(300, "Compte actif", "account active"),
        _account(301, "Compte inexistant", "no such account"),
        _account(302, "Vous n'avez pas accès aux informations concernant ce compte", "not yours to see"),
        _account(303, "Compte inactif", "account inactive"),
        _account(100, "Compte actif", "account active"),
        _account(102, SEND_STATUSES[102].text, SEND_STATUSES[102].meaning),
        _account(200, SEND_STATUSES[200].text, SEND_STATUSES[200].meaning),
    )
}

SENT, SCHEDULED = 100, 101
SUCCESSES = frozenset({SENT, SCHEDULED})
ACTIVE_ACCOUNT = frozenset({100, 300})
