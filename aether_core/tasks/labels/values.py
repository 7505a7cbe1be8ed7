"""What the values of a label field say: nothing at all, or the same class in other letters."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

_PHRASES = """
n/a, na, n.a, #n/a, nan, nil, null, none, nothing, missing, unknown, unk, unclassified, unlabeled,
uncategorized, uncategorised, undefined, undetermined, unspecified, unlabelled, unassigned,
not available, not applicable, not classified, not defined, not known, not labeled, not labelled,
not mapped, not specified, not recorded, no class, no classification, no category, no code, no data,
nodata, no information, no label, no value, null value, no landuse, no land use, data not available,
unbekannt, k.a, k. a, keine angabe, keine angaben, ohne angabe, keine daten, nicht bekannt, keine,
nicht klassifiziert, nicht verfügbar, nicht zutreffend, nicht zugeordnet, kein wert,
inconnu, inconnue, indéterminé, indéterminée, non renseigné, non renseignée, non déterminé, n/c,
non défini, non définie, non classé, non classée, non disponible, non connu, sans objet, aucun,
sans information, pas de données, aucune, aucune donnée,
desconocido, desconocida, se desconoce, sin dato, sin datos, sin información, sin clasificar, nd,
sin clasificación, sin definir, sin especificar, sin asignar, no disponible, no aplica, no consta,
no definido, no especificado, no identificado, ninguno, ninguna, s/d, n/d, n.d, s/i,
desconhecido, desconhecida, sem dado, sem dados, sem informação, sem classificação, não disponível,
não informado, não se aplica, não aplicável, não classificado, não definido, não especificado,
não identificado, nenhum, nenhuma,
sconosciuto, sconosciuta, non disponibile, non classificato, non definito, non noto, nessuno,
nessuna, nessun dato, dato mancante,
onbekend, niet bekend, geen, geen gegevens, geen data, niet van toepassing, nvt, n.v.t,
brak, brak danych, nieznany, nieznana, nieznane, nie dotyczy, nieokreślony, nieokreślone,
okänd, okänt, saknas, uppgift saknas, ingen uppgift, ukendt, ukjent, ingen data, uoplyst,
ikke oppgitt, tuntematon, ei tietoa, ei tiedossa, ei määritelty,
neznámý, neznámé, neznámá, není k dispozici, neuvedeno, neznáme, ismeretlen, nincs, nincs adat,
necunoscut, fără date, непознато, неизвестен,
неизвестно, неизвестный, нет данных, нет информации, нет, н/д, не указано, не определено, не задано,
не классифицировано, отсутствует, невідомо, немає даних, не визначено, не вказано,
bilinmiyor, bilinmeyen, belirsiz, veri yok, yok, tanımsız, belirtilmemiş,
tidak diketahui, tidak ada, tidak ada data, tidak tersedia, tiada data,
không rõ, không có, không xác định, không có dữ liệu, chưa xác định,
未知, 未分类, 未分類, 未定义, 未定義, 未定, 无, 無, 无数据, 無資料, 無數據, 暂无, 暂无数据,
缺失, 不详, 不詳, 不明,
なし, 無し, データなし, データ無し, 該当なし, 対象外, 未設定, 分類不能,
없음, 미상, 미분류, 미정, 알수없음, 알 수 없음, 해당없음, 해당 없음, 자료없음, 데이터 없음,
غير معروف, غير محدد, غير متوفر, غير متاح, غير مصنف, لا يوجد, لا توجد بيانات, مجهول, نامشخص, نامعلوم,
अज्ञात, उपलब्ध नहीं, लागू नहीं, कोई नहीं, অজানা, প্রযোজ্য নয়, தெரியாது,
ไม่ทราบ, ไม่มีข้อมูล, ไม่ระบุ, άγνωστο, άγνωστη, δεν υπάρχουν στοιχεία, לא ידוע, אין נתונים
"""
_BRACKETS = "<>()[]{}\"'`“”«»"


def alike(value: str) -> str:
    """What is the same for two spellings of one class: composed letters, case, spaces."""
    text = unicodedata.normalize("NFC", value)
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    # Casefolding takes some letters apart again, such as the Turkish dotted capital I.
    return " ".join(unicodedata.normalize("NFC", seen.casefold()).split())


def says_nothing(value: str) -> bool:
    """Whether a value stands where no class is known: `N/A`, `unknown`, `-`, in large languages."""
    text = alike(value).strip(_BRACKETS).strip()
    if not any(letter.isalnum() for letter in text):
        return True
    return text.rstrip(".") in _NOTHING or text.replace("_", " ") in _NOTHING


def one_spelling(values: Iterable[str], apart: Collection[str] = ()) -> dict[str, str]:
    """Bring values that differ only in case, spaces or composed letters to one spelling.

    Args:
        values: All values, one a label; empty ones do not count.
        apart: Values a user tells apart: spellings of which two are listed stay as they are.

    Returns:
        The most frequent spelling by each other one, ties going to the one with small letters.
    """
    counts = Counter(value for value in values if value)
    spellings: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        spellings[alike(value)].append(value)
    changed = {}
    for group in spellings.values():
        if len(group) < 2 or sum(value in apart for value in group) > 1:
            continue
        best = min(group, key=lambda value: (-counts[value], value.isupper(), value))
        changed.update({value: best for value in group if value != best})
    return changed


_NOTHING = frozenset(
    alike(phrase) for line in _PHRASES.splitlines() for phrase in line.split(",") if phrase.strip()
)
