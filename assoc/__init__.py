"""What is built: embeddings, fact maps, memories in closed form, and their decoding.

NumPy and SciPy only; all randomness comes from a ``numpy.random.Generator`` that the caller passes.
"""

from assoc.catalogue import MEMORIES, resolve
from assoc.decoding import CertifiedMargins, certified_margins, margins
from assoc.embeddings import LAWS, load_vectors, preprocess
from assoc.errors import InputError
from assoc.fact_maps import MAPS
from assoc.fact_tables import FactTable, example_path, read_facts
from assoc.memory import Build, Factors, Memory

__all__ = [
    "LAWS",
    "MAPS",
    "MEMORIES",
    "Build",
    "CertifiedMargins",
    "FactTable",
    "Factors",
    "InputError",
    "Memory",
    "certified_margins",
    "example_path",
    "load_vectors",
    "margins",
    "preprocess",
    "read_facts",
    "resolve",
]
