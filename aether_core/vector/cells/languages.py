"""How often languages use letters beyond ASCII: what tells one reading of bytes from another.

Shares of a language's letters, in parts of ten thousand, rounded; those of Latin languages are of
their letters beyond ASCII only.
"""

import math
from collections.abc import Mapping

_LATIN = {
    "French": "é190 à49 è27 ê22 ç9 ô6 ù6 û6 â5 î5 œ2 ë1 ï1 ü1",
    "Spanish": "ó83 í73 á50 é43 ñ31 ú17 ü1",
    "Portuguese": "ã73 ç53 ê45 é34 ó30 í13 á12 à7 â6 õ4 ú2 ô2",
    "German": "ü100 ä55 ö44 ß31 é1",
    "Italian": "à64 è26 ò20 ù17 ì3 é2",
    "Catalan": "à49 é49 è43 ó41 í36 ò20 ç13 ú8 ï4 ü2",
    "Dutch": "ë10 é10 ï6 ö3 è2 ü2 ç1",
    "Swedish, Finnish": "ä180 å100 ö131 é2",
    "Danish, Norwegian": "å119 ø94 æ87 é2 ö1",
    "Icelandic": "ð440 á180 í157 þ145 ó99 æ87 ö78 é65 ú61 ý23",
    "Polish": "ł182 ę111 ą99 ó85 ż83 ś66 ć40 ń20 ź6",
    "Czech": "í164 é133 ě122 ý100 á87 ž72 š69 č46 ř38 ů20 ú10 ň1 ď1 ť1 ó1",
    "Slovak": "á160 č102 ž94 ý92 í91 š82 é77 ú72 ť54 ľ47 ň20 ô15 ď15 ä9 ĺ1 ŕ1 ó1",
    "Hungarian": "é363 á337 ö120 ó100 ő89 í67 ü65 ú23 ű17",
    "Croatian, Slovene": "č100 š80 ž50 ć35 đ18",
    "Romanian": "ă230 ș156 ş156 ț100 ţ100 î96 â51",
    "Turkish": "ı511 ü185 ş178 ç115 ğ112 ö78 i\u0307100 â1",
    "Lithuanian": "ė163 š137 ų132 ž80 ą66 į58 ū49 č43 ę21",
    "Latvian": "ā380 ē180 ī170 š90 ņ60 ū45 ļ40 ķ25 ž20 ģ18 č15",
    "Estonian": "ä160 õ96 ü60 ö25 š1 ž1",
}
_OTHERS = {
    "Russian": "о1097 е845 а801 и735 н670 т626 с547 р473 в454 л440 к349 м321 д298 п281 у262"
    " я201 ы190"
    " ь174 г170 з165 б159 ч144 й121 х97 ж94 ш73 ю64 ц48 щ36 э32 ф26 ъ4 ё4",
    "Ukrainian": "о940 а720 н690 и630 в560 т550 і570 е530 р470 с450 к400 л370 д340 у340 м310"
    " п280 з230"
    " я220 ь180 г160 б170 ч120 х110 ц100 й120 ж80 ю80 є60 ї65 ш70 щ50 ф30 ґ1",
    "Serbian": "а1100 о900 и900 е850 н600 р500 с500 ј450 т450 у430 в400 к370 д370 м350 л300"
    " п300 з160 г160"
    " б150 ш110 ч100 њ80 ц80 ж60 ћ60 љ50 х40 ђ20 ф20 џ5",
    "Greek": "α1200 ο800 ι800 ε700 τ800 ν620 σ500 η450 υ400 ρ420 π400 κ410 μ330 λ330 ς400 δ170 γ200"
    " ω180 χ140 θ130 φ80 β70 ξ60 ζ50 ψ20 ό200 ί250 ά200 έ200 ή150 ύ100 ώ80 ϊ5 ϋ2 ΐ2 ΰ1",
    "Hebrew": "י1100 ה1090 ו1040 ל740 א630 ר560 ת500 ב470 מ460 ש440 נ350 ם330 ע320 כ270 ד260"
    " ח250 ק210"
    " פ170 ס150 ן140 ז130 ט120 ג120 צ120 ך80 ף20 ץ10",
    "Arabic, Persian": "ا1250 ل1100 ي700 ن600 م600 و550 ر450 ت350 ب350 ع350 ه300 د300 ة300 س250"
    " ك230"
    " ف230 ق200 أ200 ح160 ج130 ش120 خ100 ص100 ط90 إ90 ى80 ض60 ذ60 ز60 ث50 غ50 ء30 ئ30 ظ20 آ10 ؤ10"
    " پ30 چ30 گ60 ژ5 ک100 ی300",
}


def _shares(text: str) -> dict[str, float]:
    """Natural logarithms of the shares of letters, of one letter and a number each."""
    counts = {}
    for part in text.split():
        letter = part.rstrip("0123456789")
        counts[letter] = int(part[len(letter) :])
    whole = sum(counts.values())
    return {letter: math.log(count / whole) for letter, count in counts.items()}


LATIN: Mapping[str, Mapping[str, float]] = {name: _shares(text) for name, text in _LATIN.items()}
"""Languages in Latin letters: log share of each letter beyond ASCII."""

OTHERS: Mapping[str, Mapping[str, float]] = {name: _shares(text) for name, text in _OTHERS.items()}
"""Languages of other alphabets: log share of each letter."""

CHINESE_NAMES = frozenset(
    "中大小上下东東西南北京海山水河江湖路街道城市区區县縣镇鎮村乡鄉里省州店馆館饭飯酒茶园園公学學校医醫院银銀行"
    "超商场場站车車火机機家花天地人民新华華和平安光明金一二三四五六七八九十百万萬长長门門口桥橋国國图圖书書药藥房"
    "美食品楼樓寺庙廟宫宮堂教会會社局所部处處工业業厂廠司广廣停文化体體育心服务務理发髮生活电電信邮郵政府厅廳駅"
    "町丁目川田野松本島崎原谷神前台湾灣香港龍龙重庆慶成都武汉漢深圳苏蘇杭青岛津沙咖啡餐吧居民住宅用林草绿綠农農"
    "耕军軍博物影剧劇游泳池老师師幼儿園兒童童服装裝鞋银珠宝寶加油充物流快递递修理便利名称類类型号號高低内外"
)
"""Characters of which names of places in Chinese and Japanese are mostly made."""
