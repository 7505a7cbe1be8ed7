"""Text-to-map AUC of questions in seven languages, by text encoder, on simulated cities.

The cities are those of `text_to_map_auc` with 600 places, named in English; their eight questions
are asked in each language, in words their authors did not see. Half is chance.

Run: `python -m benchmarks.figures.languages [--seeds 2]`
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from sklearn.metrics import roc_auc_score

from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import train
from aether_core.poi.text import query_texts
from aether_core.search.scoring import cosine_scores, mean_direction, query_direction
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


def aucs(city: SimulatedCity, encoder: TextEncoder, seed: int) -> dict[str, float]:
    """Mean AUC of the questions by language, of a model trained with one encoder."""
    with tempfile.TemporaryDirectory() as folder:
        case = prepare(city, encoder, Path(folder))
    heads = train(case.data, recipe("aether"), seed=seed).heads
    cells = encode_eo(heads, case.cells)
    found = {}
    for language, questions in {"English": tuple(city.queries), **QUESTIONS}.items():
        values = []
        for question, zones in zip(questions, city.queries.values(), strict=True):
            vector = mean_direction(encoder.encode(query_texts(question)))
            direction = query_direction(encode_text(heads, vector[None])[0])
            scores = cosine_scores(cells, direction)
            values.append(roc_auc_score(np.isin(case.truth, zones), scores))
        found[language] = float(np.mean(values))
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    seeds = parser.parse_args().seeds
    languages = ["English", *QUESTIONS]
    print(f"{'':22} " + " ".join(f"{language:>8}" for language in languages))
    for encoder in (MiniLMEncoder(), MultilingualE5Encoder()):
        rows = []
        for seed in range(1, seeds + 1):
            found = aucs(simulate_city(seed, pois=PLACES), encoder, seed)
            rows.append([found[language] for language in languages])
        mean = np.mean(rows, axis=0)
        print(f"{encoder.name:22} " + " ".join(f"{value:8.3f}" for value in mean), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
