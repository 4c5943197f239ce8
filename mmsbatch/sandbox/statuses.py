"""The statuses of both modules with the manual's own texts (sections 2.2 and 3.3)."""

from typing import Final

SEND_TEXTS: Final = {
    100: "Le message a été envoyé",
    101: "Le message a été programmé pour un envoi différé",
    102: "Problème de connexion - Aucun compte ne correspond aux clientcode et passcode spécifiés",
    103: "Crédit SMS épuisé. Veuillez recrediter votre compte sur AllMySMS.com",
    104: (
        "Crédit insuffisant pour traiter cet envoi. A utiliser: {needed} Crédits, "
        "Disponibles: {available} Crédits. Veuillez recrediter votre compte sur AllMySMS.com"
    ),
    105: "Flux XML Vide",
    106: "Flux XML invalide ou incomplet après la balise <DATA>",
    107: "Flux XML invalide ou incomplet après la balise <CLIENT>",
    108: "Balise <MSGCLASS> - Type du MMS non défini (vide) dans le flux XML",
    109: "Balise <MSGCLASS> - Type du MMS incorrect",
    110: "Balise <MESSAGE> <IMAGE> <VIDEO> <SON> - non défini (vide) dans le flux XML",
    111: "Message trop long",
    112: "Extension invalide",
    113: "URL incorrecte",
    114: "Problème lors du téléchargement du fichier",
    115: "Média trop volumineux (image, son, vidéo)",
    116: "Impossible de se connecter au serveur pour télécharger l'image",
    117: "Problème au cours du téléchargement de l'image",
    118: "Balise <VIDEO><URL> <SON><URL> - non définie (vide) dans le flux XML",
    119: "Balise <VIDEO><DUREE> <SON><DUREE> - non définie (vide) dans le flux XML",
    120: "Durée incorrect pour le son ou la vidéo",
    121: "Flux XML invalide ou date mal formatée entre les balises <DATE> et </DATE>",
    122: "Flux XML invalide ou incomplet après la balise <MOBILEPHONE>",
    123: (
        "Aucun numéro de téléphone valide dans le flux. Veuillez vous référer à la documentation en ligne "
        "pour connaître les formats valides."
    ),
    200: (
        "Vous n'avez pas l'autorisation d'utiliser ce module. Contactez le support AllMySMS pour plus de "
        "renseignements."
    ),
}

ACCOUNT_TEXTS: Final = {
    # The sample in section 3.2 has 100, and a space before its text; the table in 3.3 has 300.
    100: " Compte actif",
    102: SEND_TEXTS[102],
    300: "Compte actif",
    301: "Compte inexistant",
    302: "Vous n'avez pas accès aux informations concernant ce compte",
    303: "Compte inactif",
}

#: Nothing in a request can cause these here: they are reached by the fault `switch` only.
#: (114, 116 and 117 also have real causes where media are fetched.)
SWITCHED: Final = frozenset({114, 116, 117, 200})


class RefusalError(Exception):
    """The send module refuses a request with one of its statuses."""

    def __init__(self, status: int, **figures: int) -> None:
        super().__init__(status)
        self.status = status
        self.text = SEND_TEXTS[status].format(**figures)
