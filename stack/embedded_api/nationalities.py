"""What distinguishes the 21 nationalities of the RandomUser API, and LEGO: languages, numbers, postcodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FIVE_DIGITS = range(10_000, 100_000)


@dataclass(frozen=True, kw_only=True)
class Nationality:
    """One nationality.

    Attributes:
        country: as the API names it in English; None where people have none.
        locale: Faker's language.
        faker_methods: those that give its words, where they are not the usual ones of `words.py`.
        phone: patterns of landline numbers.
        cell: patterns of mobile numbers.
        id_name: name of the identity number; empty where there is none.
        id_pattern: its pattern, in which `{day}`, `{month}`, `{year}`, `{sex}` and `{initial}` stand for the person's.
        id_null_share: how often `id.value` is null. The API's versions disagree about BR, CA and DE, so both occur.
        postcode: a range of integers, or patterns of strings: the API sends one or the other.
        titles: for a man, for women.
        blank_share: how often a street's name has a blank before or behind it, as some of the API's have.
    """

    country: str | None
    locale: str
    phone: Sequence[str]
    cell: Sequence[str]
    id_name: str = ""
    id_pattern: str = ""
    id_null_share: float = 0.0
    postcode: range | Sequence[str] = FIVE_DIGITS
    faker_methods: Mapping[str, str] = field(default_factory=dict)
    titles: tuple[Sequence[str], Sequence[str]] = (("Mr",), ("Miss", "Mrs", "Ms"))
    blank_share: float = 0.0


_BRITISH_LANDLINES = (
    "01### #####",
    "01### ######",
    "011## ### ####",
    "01#1 ### ####",
    "015396 #####",
    "016977 ####",
    "02# #### ####",
)
_BRITISH_POSTCODES = ("?# #??", "??# #??", "?## #??", "??## #??", "??#? #??", "?#? #??")

NATIONALITIES: dict[str, Nationality] = {
    "AU": Nationality(
        country="Australia",
        locale="en_AU",
        faker_methods={"state": "state"},
        phone=["0#-####-####"],
        cell=["04##-###-###"],
        id_name="TFN",
        id_pattern="#########",
        postcode=range(200, 10_000),
    ),
    "BR": Nationality(
        country="Brazil",
        locale="pt_BR",
        faker_methods={"state": "state"},
        phone=["(##) ####-####"],
        cell=["(##) ####-####"],
        id_name="CPF",
        id_pattern="###.###.###-##",
        id_null_share=0.5,
        blank_share=0.3,
    ),
    "CA": Nationality(
        country="Canada",
        locale="en_CA",
        faker_methods={"state": "province"},
        phone=["?## ?##-####"],
        cell=["?## ?##-####"],
        id_name="SIN",
        id_pattern="#########",
        id_null_share=0.5,
        postcode=["?#? #?#"],
    ),
    "CH": Nationality(
        country="Switzerland",
        locale="fr_CH",
        faker_methods={"state": "canton_name"},
        phone=["07[56789] ### ## ##"],
        cell=["07[56789] ### ## ##"],
        id_name="AVS",
        id_pattern="756.####.####.##",
        postcode=range(1000, 10_000),
        titles=(("Monsieur",), ("Mademoiselle", "Madame")),
    ),
    "DE": Nationality(
        country="Germany",
        locale="de_DE",
        faker_methods={"state": "state"},
        phone=["0###-#######"],
        cell=["017#-#######"],
        id_name="SVNR",
        id_pattern="## {day}{month}{year} {initial} ###",
        id_null_share=0.5,
    ),
    "DK": Nationality(
        country="Denmark",
        locale="da_DK",
        faker_methods={"state": "state"},
        phone=["########"],
        cell=["########"],
        id_name="CPR",
        id_pattern="{day}{month}{year}-####",
    ),
    "ES": Nationality(
        country="Spain",
        locale="es_ES",
        faker_methods={"state": "region"},
        phone=["9##-###-###"],
        cell=["6##-###-###"],
        id_name="DNI",
        id_pattern="########-?",
    ),
    "FI": Nationality(
        country="Finland",
        locale="fi_FI",
        faker_methods={"state": "state"},
        phone=["0#-###-###"],
        cell=["04#-###-##-##"],
        id_name="HETU",
        id_pattern="{day}{month}{year}-###?",
    ),
    "FR": Nationality(
        country="France",
        locale="fr_FR",
        faker_methods={"state": "department_name"},
        phone=["0[12345]-##-##-##-##"],
        cell=["06-##-##-##-##"],
        id_name="INSEE",
        id_pattern="{sex}{year}{month}######## ##",
    ),
    "GB": Nationality(
        country="United Kingdom",
        locale="en_GB",
        faker_methods={"state": "county"},
        phone=_BRITISH_LANDLINES,
        cell=["07### ######"],
        id_name="NINO",
        id_pattern="?? ## ## ## ?",
        postcode=_BRITISH_POSTCODES,
    ),
    "IE": Nationality(
        country="Ireland",
        locale="en_IE",
        faker_methods={"state": "county"},
        phone=["0#1-###-####"],
        cell=["081-###-####"],
        id_name="PPS",
        id_pattern="#######T",
    ),
    "IN": Nationality(
        country="India",
        locale="en_IN",
        faker_methods={"state": "state"},
        phone=["[789]#########"],
        cell=["[789]#########"],
        id_name="UIDAI",
        id_pattern="############",
    ),
    "IR": Nationality(
        country="Iran",
        locale="fa_IR",
        faker_methods={"state": "state"},
        phone=["0##-########"],
        cell=["09##-###-####"],
        id_null_share=1.0,
    ),
    "MX": Nationality(
        country="Mexico",
        locale="es_MX",
        faker_methods={"state": "state"},
        phone=["(6##) ### ####"],
        cell=["(6##) ### ####"],
        id_name="NSS",
        id_pattern="## ## ## #### #",
    ),
    "NL": Nationality(
        country="Netherlands",
        locale="nl_NL",
        faker_methods={"state": "province"},
        phone=["(0###) ######", "(0##) #######"],
        cell=["(06) ########"],
        id_name="BSN",
        id_pattern="########",
        postcode=["#### ??"],
    ),
    "NO": Nationality(
        country="Norway",
        locale="no_NO",
        phone=["[235678]#######"],
        cell=["[49]#######"],
        id_name="FN",
        id_pattern="{day}{month}{year}#####",
        postcode=["####"],
    ),
    "NZ": Nationality(
        country="New Zealand",
        locale="en_NZ",
        phone=["(###)-###-####"],
        cell=["(###)-###-####"],
        id_null_share=1.0,
    ),
    "RS": Nationality(
        country="Serbia",
        locale="hr_HR",  # only to have one: Faker has no Serbian, so all words are hand-made
        phone=["0[123]#-####-###"],
        cell=["06#-####-###"],
        id_name="SID",
        id_pattern="#########",
        blank_share=0.2,
    ),
    "TR": Nationality(
        country="Turkey",
        locale="tr_TR",
        phone=["(###)-###-####"],
        cell=["(###)-###-####"],
        id_null_share=1.0,
    ),
    "UA": Nationality(
        country="Ukraine",
        locale="uk_UA",
        faker_methods={"state": "region", "city": "city_name"},
        phone=["(0[69][6789]) ?##-####"],
        cell=["(0[69][6789]) ?##-####"],
        id_null_share=1.0,
    ),
    "US": Nationality(
        country="United States",
        locale="en_US",
        faker_methods={"state": "state"},
        phone=["([23456789]##) ###-####"],
        cell=["([23456789]##) ###-####"],
        id_name="SSN",
        id_pattern="###-##-####",
    ),
}
"""The 21 nationalities, by the code that `nat` takes."""

LEGO = Nationality(
    country=None,
    locale="en_US",
    phone=["(###)-###-####"],
    cell=["(###)-###-####"],
    id_name="SN",
    id_pattern="############",
)
"""People of plastic, whom only `lego` asks for."""


def nationality(code: str) -> Nationality:
    """Give the nationality with a code, LEGO included."""
    return LEGO if code == "LEGO" else NATIONALITIES[code]
