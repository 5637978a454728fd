"""What is built: embeddings, fact maps, memories in closed form, and their decoding.

NumPy and SciPy only; all randomness comes from a ``numpy.random.Generator`` that the caller passes.
"""

from assoc.catalogue import MEMORIES, TRANSFORMERS, resolve, resolve_transformer
from assoc.certificates import certify
from assoc.decoding import CertifiedMargins, certified_margins, margins
from assoc.embeddings import LAWS, load_vectors, preprocess
from assoc.errors import InputError
from assoc.fact_maps import MAPS
from assoc.fact_tables import FactTable, example_path, read_facts
from assoc.factual_recall import RecallTask, balanced_task, even_task, table_task
from assoc.linear_attention import LinearAttention
from assoc.memory import Build, Factors, Memory
from assoc.transformer import Attention, OneLayer, Transformer

__all__ = [
    "LAWS",
    "MAPS",
    "MEMORIES",
    "TRANSFORMERS",
    "Attention",
    "Build",
    "CertifiedMargins",
    "FactTable",
    "Factors",
    "InputError",
    "LinearAttention",
    "Memory",
    "OneLayer",
    "RecallTask",
    "Transformer",
    "balanced_task",
    "certified_margins",
    "certify",
    "even_task",
    "example_path",
    "load_vectors",
    "margins",
    "preprocess",
    "read_facts",
    "resolve",
    "resolve_transformer",
    "table_task",
]
