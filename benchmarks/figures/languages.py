"""Text-to-map AUC of questions in seven languages, by text encoder, on simulated cities.

The cities are those of `text_to_map_auc` with 600 places, named in English; their eight questions
are asked in each language, in words their authors did not see. Half is chance. The last row has
them read by the app, whose tables say what common words of five languages are in English.

Run: `python -m benchmarks.figures.languages [--seeds 2]`
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from sklearn.metrics import roc_auc_score

from aether_core.language import SOURCE
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import train
from aether_core.poi.text import query_texts
from aether_core.search.question.languages.meaning import known_part
from aether_core.search.question.parse import parse
from aether_core.search.scoring import cosine_scores, mean_direction, percentiles, query_direction
from aether_core.simulate.grid_city import SimulatedCity, simulate_city
from aether_core.text.e5 import MultilingualE5Encoder
from aether_core.text.encoder import TextEncoder
from aether_core.text.minilm import MiniLMEncoder
from benchmarks.figures.text_to_map_auc import prepare

PLACES = 600
QUESTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Finnish": (
            "puistoja ja puutarhoja kävelyyn vihreässä",
            "kouluja ja päiväkoteja perheille",
            "vaate- ja kenkäostoksille",
            "ilta baareissa ja klubeilla",
            "toimistoja ja yrityspalveluja",
            "tehtaita ja varastoja",
            "yliopisto ja opiskelijaelämä",
            "museoita ja teattereita kävijöille",
        ),
        "German": (
            "Parks und Gärten für einen Spaziergang im Grünen",
            "Schulen und Kindergärten für Familien",
            "Einkaufen von Kleidung und Schuhen",
            "eine Nacht in Bars und Clubs",
            "Büros und Unternehmensdienste",
            "Fabriken und Lagerhallen",
            "Universität und Studentenleben",
            "Museen und Theater für Besucher",
        ),
        "Spanish": (
            "parques y jardines para pasear por lo verde",
            "escuelas y guarderías para familias",
            "compras de ropa y zapatos",
            "una noche de bares y discotecas",
            "oficinas y servicios empresariales",
            "fábricas y almacenes",
            "universidad y vida estudiantil",
            "museos y teatros para visitantes",
        ),
        "Arabic": (
            "حدائق ومتنزهات للمشي في الخضرة",
            "مدارس ورياض أطفال للعائلات",
            "تسوق الملابس والأحذية",
            "سهرة في الحانات والنوادي",
            "مكاتب وخدمات أعمال",
            "مصانع ومستودعات",
            "الجامعة وحياة الطلاب",
            "متاحف ومسارح للزوار",
        ),
        "Chinese": (
            "可以散步的公园和花园",
            "适合家庭的学校和幼儿园",
            "买衣服和鞋子",
            "酒吧和夜店的夜生活",
            "办公室和商业服务",
            "工厂和仓库",
            "大学和学生生活",
            "供游客参观的博物馆和剧院",
        ),
        "Japanese": (
            "緑の中を散歩する公園や庭園",
            "家族向けの学校と幼稚園",
            "服と靴の買い物",
            "バーやクラブの夜遊び",
            "オフィスとビジネスサービス",
            "工場と倉庫",
            "大学と学生生活",
            "観光客向けの博物館と劇場",
        ),
    }
)
"""The questions of a simulated city in its order, by language."""


READ: Mapping[str, str] = MappingProxyType(
    {"English": "en", "Finnish": "fi", "German": "de", "Spanish": "es", "Arabic": "ar"}
)
"""Languages whose questions the app reads."""
Phrases = Callable[[str, str], Sequence[str]]
"""What the encoder is given of a question in a language."""


def whole(question: str, _language: str) -> Sequence[str]:
    """The question as it is typed."""
    return [question]


def read(question: str, language: str) -> Sequence[str]:
    """The criteria of a question that an encoder of English can read."""
    phrases = []
    for one in parse(question, READ[language]).criteria:
        known = None if one.language == SOURCE else known_part(one)
        if one.language == SOURCE or known is not None:
            phrases.append(one.words if known is None else known.noun.english)
    return phrases


def aucs(
    city: SimulatedCity, encoder: TextEncoder, seed: int, languages: Sequence[str], phrases: Phrases
) -> dict[str, float]:
    """Mean AUC of the questions by language, of a model trained with one encoder.

    A question of several phrases is worth the mean of their percentiles; one of none, chance.
    """
    with tempfile.TemporaryDirectory() as folder:
        case = prepare(city, encoder, Path(folder))
    heads = train(case.data, recipe("aether"), seed=seed).heads
    cells = encode_eo(heads, case.cells)
    found = {}
    asked = {"English": tuple(city.queries), **QUESTIONS}
    for language in languages:
        values = []
        for question, zones in zip(asked[language], city.queries.values(), strict=True):
            scores = np.zeros(len(cells))
            for phrase in phrases(question, language):
                vector = mean_direction(encoder.encode(query_texts(phrase)))
                direction = query_direction(encode_text(heads, vector[None])[0])
                scores += percentiles(cosine_scores(cells, direction))
            values.append(roc_auc_score(np.isin(case.truth, zones), scores))
        found[language] = float(np.mean(values))
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    seeds = parser.parse_args().seeds
    languages = ["English", *QUESTIONS]
    print(f"{'':28} " + " ".join(f"{language:>8}" for language in languages))
    for name, encoder, known, phrases in (
        ("all-MiniLM-L6-v2", MiniLMEncoder(), languages, whole),
        ("multilingual-e5-small", MultilingualE5Encoder(), languages, whole),
        ("all-MiniLM-L6-v2, read first", MiniLMEncoder(), list(READ), read),
    ):
        rows = []
        for seed in range(1, seeds + 1):
            found = aucs(simulate_city(seed, pois=PLACES), encoder, seed, known, phrases)
            rows.append([found[language] for language in known])
        mean = np.mean(rows, axis=0)
        print(f"{name:28} " + " ".join(f"{value:8.3f}" for value in mean), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
