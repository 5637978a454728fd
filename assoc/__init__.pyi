from . import bits, embeddings, facts, gradient_flow, memories, transformers, vectors
from .catalogue import MEMORIES, TRANSFORMERS, resolve, resolve_transformer
from .embeddings import LAWS, preprocess
from .errors import InputError
from .examples import example_path
from .facts.maps import MAPS
from .facts.recall_task import RecallTask, balanced_task, even_task, table_task
from .facts.tables import FactTable, read_facts
from .gradient_flow.linear_attention import LinearAttention
from .memories.decoding import CertifiedMargins, certified_margins, margins
from .memories.memory import Build, Factors, Memory
from .transformers.certificates import certify
from .transformers.model import Attention, OneLayer, Transformer
from .vectors.files import load_vectors

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
    "bits",
    "certified_margins",
    "certify",
    "embeddings",
    "even_task",
    "example_path",
    "facts",
    "gradient_flow",
    "load_vectors",
    "margins",
    "memories",
    "preprocess",
    "read_facts",
    "resolve",
    "resolve_transformer",
    "table_task",
    "transformers",
    "vectors",
]
