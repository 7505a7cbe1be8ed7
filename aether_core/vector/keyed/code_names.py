"""What the heading of a column says of it: a code of areas, a number of rows, a size."""

import re
import unicodedata

TELLING, LIKE_AN_ID, COUNTS_ROWS, OTHER = 1, 2, 3, 4
"""How much a heading speaks for a code of areas; the least number speaks most."""

_TELLING = re.compile(
    r"geo_?id|gisjoin|cd$|code|codi[gc]|^cod_?|_cod$|kode?$|^kode?_|^dguid$|[a-z]uid$|^ags|^ars$"
    r"|schl(ue|ü)ssel|^nuts|^lau(_|$)|istat|insee|^iris|fips|tract|block_?gr|teryt|oktmo|okato|^sa[1-4](_|$)"
    r"|cusec|cumun|meshblock|^h3|hex_?id|gmina|ibge|код|コード|番号|代码|代碼|编码|編碼|코드|رمز"
)
_COUNTS_ROWS = re.compile(
    r"^(id|fid(_.*|\d*)|object_?id.*|ogc_fid|gid|pk|index|rowid|unnamed: ?\d+|@id|osm_?id"
    r"|full_id|feature_?id|uuid|global_?id|level_0|cartodb_id)$"
)
_LIKE_AN_ID = re.compile(r"((^|[_ .])id|[_ .]nr|[_ .]no|id\d{2})$")
_SIZE = re.compile(
    r"^(shape|st|geom)?_?\(?(area|leng(th)?|perimeter)(\(.*\))?(_?(m2|km2|ha|sqm|sqkm))?\)?$"
    r"|^shape[_ .](area|leng|len|star|stle)|^(a(land|water)\d*(_m2)?)$|^intpt(lat|lon)\d*$"
    r"|^(lon|lat|lng|longitude|latitude|x|y|easting|northing|centroid_?[xy])$"
)
_TOTAL = re.compile(
    r"(^|[^a-z])(tot(al|aal|ale|ali|ales|als)?|sum|summe|suma|soma|somme|gesamt|insgesamt|ensemble"
    r"|population|pop|einwohner|inwoners|habitants|habitantes|abitanti|bevoelkerung|bevölkerung"
    r"|totalt|yhteens[aä]|og[oó][lł]em|razem|celkem|[oö]sszesen|toplam|jumlah|universe)([^a-z]|$)"
    r"|всего|итого|всього|合计|合計|总计|總計|总数|總數|总人口|総数|総人口|人口|합계|총|المجموع|कुल"
)


def folded(heading: object) -> str:
    """A heading without what people do not see: case, composed letters, spaces around it."""
    return " ".join(unicodedata.normalize("NFC", str(heading)).casefold().split())


def rank(heading: object) -> int:
    """How much a heading speaks for a code of areas: `TELLING` to `OTHER`."""
    name = folded(heading)
    if _COUNTS_ROWS.search(name):
        return COUNTS_ROWS
    if _TELLING.search(name):
        return TELLING
    return LIKE_AN_ID if _LIKE_AN_ID.search(name) else OTHER


def is_size(heading: object) -> bool:
    """Whether a heading is that of a shape's size or place, as map software writes them."""
    return bool(_SIZE.search(folded(heading)))


def names_a_total(heading: object) -> bool:
    """Whether a heading speaks of all people together, in the large languages."""
    return bool(_TOTAL.search(folded(heading)))
