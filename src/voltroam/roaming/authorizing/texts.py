"""What a driver reads when charging is refused, in the language of the token."""

from voltroam.standard.v2_2_1 import AllowedType, DisplayText, Token

FALLBACK = "en"
LONGEST = 512
"""Characters of a DisplayText (OCPI 2.2.1 §types)."""

_TEXTS: dict[AllowedType, dict[str, str]] = {
    AllowedType.BLOCKED: {
        "en": "This card is blocked. Please contact your provider.",
        "de": "Diese Karte ist gesperrt. Bitte wenden Sie sich an Ihren Anbieter.",
        "nl": "Deze pas is geblokkeerd. Neem contact op met uw aanbieder.",
        "fr": "Cette carte est bloquée. Veuillez contacter votre fournisseur.",
        "es": "Esta tarjeta está bloqueada. Póngase en contacto con su proveedor.",
        "it": "Questa carta è bloccata. Contatti il suo fornitore.",
    },
    AllowedType.EXPIRED: {
        "en": "This card has expired. Please contact your provider.",
        "de": "Diese Karte ist abgelaufen. Bitte wenden Sie sich an Ihren Anbieter.",
        "nl": "Deze pas is verlopen. Neem contact op met uw aanbieder.",
        "fr": "Cette carte a expiré. Veuillez contacter votre fournisseur.",
        "es": "Esta tarjeta ha caducado. Póngase en contacto con su proveedor.",
        "it": "Questa carta è scaduta. Contatti il suo fornitore.",
    },
    AllowedType.NO_CREDIT: {
        "en": "There is not enough credit to charge.",
        "de": "Das Guthaben reicht zum Laden nicht aus.",
        "nl": "Er is onvoldoende tegoed om te laden.",
        "fr": "Le crédit est insuffisant pour recharger.",
        "es": "No hay saldo suficiente para cargar.",
        "it": "Il credito non basta per ricaricare.",
    },
    AllowedType.NOT_ALLOWED: {
        "en": "Your contract does not cover charging here.",
        "de": "Ihr Vertrag gilt an diesem Ort nicht.",
        "nl": "Uw contract geldt niet op deze plek.",
        "fr": "Votre contrat ne couvre pas la recharge ici.",
        "es": "Su contrato no incluye la carga en este lugar.",
        "it": "Il suo contratto non vale in questo luogo.",
    },
}


def info_for(token: Token, allowed: AllowedType, own: str | None = None) -> DisplayText | None:
    """The text of an answer; `own` is what the host wants to say.

    The host knows its driver's language; our own words are in the token's, or in English.
    """
    language = (token.language or FALLBACK).lower()
    if own:
        text = "".join(letter for letter in own if letter.isprintable())[:LONGEST].strip()
        if text:
            return DisplayText(language=language, text=text)
    texts = _TEXTS.get(allowed)
    if texts is None:
        return None
    spoken = language if language in texts else FALLBACK
    return DisplayText(language=spoken, text=texts[spoken])
