"""The words of a tariff in four languages; `text` puts them together."""

from dataclasses import dataclass

from voltroam.standard.v2_3_0 import TariffDimensionType as Kind
from voltroam.standard.v2_3_0 import TaxIncluded


@dataclass(frozen=True)
class Phrases:
    """Templates of one language; numbers are put in as that language writes them."""

    comma: str
    days: tuple[str, ...]
    kinds: dict[Kind, str]
    per: dict[Kind, str]
    reserved: str
    expired: str
    reserved_unit: str
    free: str
    all_free: str
    step: str
    vat_on_top: str
    vat_within: str
    taxes: dict[TaxIncluded, str]
    between: str
    since: str
    until: str
    from_date: str
    before_date: str
    at_least: str
    below: str
    minutes: str
    seconds: str
    least: str
    most: str
    before_taxes: str
    after_taxes: str
    valid_from: str
    valid_until: str
    first: str
    joined: str
    whole_day: str
    what: dict[str, str]


ENGLISH = Phrases(
    comma=".",
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    kinds={
        Kind.FLAT: "Start fee",
        Kind.ENERGY: "Energy",
        Kind.TIME: "Charging time",
        Kind.PARKING_TIME: "Parking after charging",
    },
    per={
        Kind.FLAT: "",
        Kind.ENERGY: " per kWh",
        Kind.TIME: " per hour",
        Kind.PARKING_TIME: " per hour",
    },
    reserved="Reservation",
    expired="Reservation that expires unused",
    reserved_unit="fee",
    free="free",
    all_free="Charging is free of charge.",
    step="billed per {}",
    vat_on_top="plus {} % VAT",
    vat_within="including {} % VAT",
    taxes={
        TaxIncluded.YES: "Prices include taxes.",
        TaxIncluded.NO: "Taxes are added to prices.",
        TaxIncluded.NOT_APPLICABLE: "No taxes apply.",
    },
    between="from {} to {}",
    since="from {}",
    until="until {}",
    from_date="from {} on",
    before_date="before {}",
    at_least="from {} {} on",
    below="below {} {}",
    minutes="min",
    seconds="s",
    least="A session costs at least {}.",
    most="A session costs at most {}.",
    before_taxes="{} before taxes",
    after_taxes="{} with taxes",
    valid_from="Valid from {} UTC.",
    valid_until="Valid until {} UTC.",
    first="Of several prices for the same thing, the first that applies counts.",
    joined=", ",
    whole_day="all day",
    what={"kwh": "charged", "current": "current", "power": "power", "duration": "of the session"},
)

GERMAN = Phrases(
    comma=",",
    days=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    kinds={
        Kind.FLAT: "Startgebühr",
        Kind.ENERGY: "Energie",
        Kind.TIME: "Ladezeit",
        Kind.PARKING_TIME: "Parken nach dem Laden",
    },
    per={
        Kind.FLAT: "",
        Kind.ENERGY: " je kWh",
        Kind.TIME: " je Stunde",
        Kind.PARKING_TIME: " je Stunde",
    },
    reserved="Reservierung",
    expired="Reservierung, die ungenutzt verfällt",
    reserved_unit="Gebühr",
    free="kostenlos",
    all_free="Das Laden ist kostenlos.",
    step="abgerechnet je {}",
    vat_on_top="zuzüglich {} % MwSt.",
    vat_within="einschließlich {} % MwSt.",
    taxes={
        TaxIncluded.YES: "Die Preise enthalten Steuern.",
        TaxIncluded.NO: "Steuern kommen zu den Preisen hinzu.",
        TaxIncluded.NOT_APPLICABLE: "Es fallen keine Steuern an.",
    },
    between="von {} bis {} Uhr",
    since="ab {} Uhr",
    until="bis {} Uhr",
    from_date="ab {}",
    before_date="vor dem {}",
    at_least="ab {} {}",
    below="unter {} {}",
    minutes="Min.",
    seconds="s",
    least="Ein Ladevorgang kostet mindestens {}.",
    most="Ein Ladevorgang kostet höchstens {}.",
    before_taxes="{} ohne Steuern",
    after_taxes="{} mit Steuern",
    valid_from="Gültig ab {} UTC.",
    valid_until="Gültig bis {} UTC.",
    first="Von mehreren Preisen für dasselbe gilt der erste, der zutrifft.",
    joined=", ",
    whole_day="ganztägig",
    what={
        "kwh": "geladen",
        "current": "Stromstärke",
        "power": "Leistung",
        "duration": "seit Ladebeginn",
    },
)

FRENCH = Phrases(
    comma=",",
    days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    kinds={
        Kind.FLAT: "Frais de démarrage",
        Kind.ENERGY: "Énergie",
        Kind.TIME: "Temps de charge",
        Kind.PARKING_TIME: "Stationnement après la charge",
    },
    per={
        Kind.FLAT: "",
        Kind.ENERGY: " par kWh",
        Kind.TIME: " par heure",
        Kind.PARKING_TIME: " par heure",
    },
    reserved="Réservation",
    expired="Réservation expirée sans usage",
    reserved_unit="frais",
    free="gratuit",
    all_free="La charge est gratuite.",
    step="facturé par tranche de {}",
    vat_on_top="plus {} % de TVA",
    vat_within="dont {} % de TVA",
    taxes={
        TaxIncluded.YES: "Les prix incluent les taxes.",
        TaxIncluded.NO: "Les taxes s'ajoutent aux prix.",
        TaxIncluded.NOT_APPLICABLE: "Aucune taxe ne s'applique.",
    },
    between="de {} à {}",
    since="à partir de {}",
    until="jusqu'à {}",
    from_date="à partir du {}",
    before_date="avant le {}",
    at_least="à partir de {} {}",
    below="moins de {} {}",
    minutes="min",
    seconds="s",
    least="Une session coûte au moins {}.",
    most="Une session coûte au plus {}.",
    before_taxes="{} hors taxes",
    after_taxes="{} toutes taxes comprises",
    valid_from="Valable à partir du {} UTC.",
    valid_until="Valable jusqu'au {} UTC.",
    first="Entre plusieurs prix pour la même chose, le premier qui s'applique compte.",
    joined=", ",
    whole_day="toute la journée",
    what={
        "kwh": "chargés",
        "current": "d'intensité",
        "power": "de puissance",
        "duration": "de session",
    },
)

DUTCH = Phrases(
    comma=",",
    days=("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    kinds={
        Kind.FLAT: "Starttarief",
        Kind.ENERGY: "Energie",
        Kind.TIME: "Laadtijd",
        Kind.PARKING_TIME: "Parkeren na het laden",
    },
    per={
        Kind.FLAT: "",
        Kind.ENERGY: " per kWh",
        Kind.TIME: " per uur",
        Kind.PARKING_TIME: " per uur",
    },
    reserved="Reservering",
    expired="Reservering die ongebruikt verloopt",
    reserved_unit="kosten",
    free="gratis",
    all_free="Laden is gratis.",
    step="afgerekend per {}",
    vat_on_top="plus {} % btw",
    vat_within="inclusief {} % btw",
    taxes={
        TaxIncluded.YES: "Prijzen zijn inclusief belastingen.",
        TaxIncluded.NO: "Belastingen komen bovenop de prijzen.",
        TaxIncluded.NOT_APPLICABLE: "Er zijn geen belastingen van toepassing.",
    },
    between="van {} tot {} uur",
    since="vanaf {} uur",
    until="tot {} uur",
    from_date="vanaf {}",
    before_date="vóór {}",
    at_least="vanaf {} {}",
    below="onder {} {}",
    minutes="min",
    seconds="s",
    least="Een sessie kost minstens {}.",
    most="Een sessie kost hoogstens {}.",
    before_taxes="{} zonder belastingen",
    after_taxes="{} met belastingen",
    valid_from="Geldig vanaf {} UTC.",
    valid_until="Geldig tot {} UTC.",
    first="Van meer prijzen voor hetzelfde geldt de eerste die van toepassing is.",
    joined=", ",
    whole_day="de hele dag",
    what={
        "kwh": "geladen",
        "current": "stroomsterkte",
        "power": "vermogen",
        "duration": "van de sessie",
    },
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "nl": DUTCH}
