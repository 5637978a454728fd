r"""A GPT-2 as the ``transformers`` library builds it, with random weights, and its parts.

It has learnt embeddings of tokens and positions, and L layers of attention with H heads and a
network of width 4 d with GELU, each after a layer norm and added to what goes in. The read-out is
the matrix of token embeddings (tied). There is no dropout. Needs the extra ``lm`` (PyTorch,
transformers, PEFT), imported where it is used.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any, TypeAlias

from assoc.checks import check_fits, positive
from assoc.errors import InputError

__all__ = [
    "LIBRARIES",
    "PARTS",
    "Gpt2",
    "State",
    "build",
    "check_memory",
    "checked_parts",
    "layer_of",
    "libraries",
    "one_thread",
    "part_of",
    "state_of",
    "tunable",
]

LIBRARIES = ("torch", "transformers", "peft")
"""What the extra ``lm`` brings."""

PARTS = ("embeddings", "attention", "mlp", "norms")
"""Kinds of weights of a GPT-2; embeddings are the read-out too. With L layers, ``layer 0`` to
``layer L-1`` are parts as well: attention, network and norms of one layer."""

MATRICES = {"embeddings": "wte", "attention": r"attn\.c_\w+", "mlp": r"mlp\.c_\w+"}
"""Modules that changes of low rank are made in, by kind; in a layer those that are not embeddings.
"""

State: TypeAlias = Mapping[str, Any]
"""Tensors of a model by name."""

_drawing = Lock()


class _Alone:
    """Contexts of :func:`one_thread` that are open, and the number of threads before the first."""

    def __init__(self) -> None:
        self._lock, self._open, self._before = Lock(), 0, 1

    def enter(self) -> None:
        torch, _, _ = libraries()
        with self._lock:
            if not self._open:
                self._before = torch.get_num_threads()
            self._open += 1
            torch.set_num_threads(1)

    def leave(self) -> None:
        torch, _, _ = libraries()
        with self._lock:
            self._open -= 1
            if not self._open:
                torch.set_num_threads(self._before)


_alone = _Alone()


@dataclass(frozen=True)
class Gpt2:
    """Sizes of a GPT-2.

    Parameters
    ----------
    layers : L, at least 1.
    d : length of a token's vector, a multiple of the heads.
    heads : H.
    name_tokens : tokens of the name of a subject or a value that is drawn.

    Raises
    ------
    InputError
        If a size is not a positive integer, or d is no multiple of H.

    Examples
    --------
    >>> Gpt2(layers=1, d=64).parameters(107, 3)
    57152
    """

    layers: int = 2
    d: int = 128
    heads: int = 4
    name_tokens: int = 1

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            object.__setattr__(self, name, positive(size, name.replace("_", " ")))
        if self.d % self.heads:
            raise InputError(f"d = {self.d} is not a multiple of the {self.heads} heads")

    def parameters(self, vocabulary: int, length: int) -> int:
        """Return the number of weights.

        Parameters
        ----------
        vocabulary, length : numbers of tokens, and of positions.
        """
        d = self.d
        return (vocabulary + length) * d + self.layers * (12 * d * d + 13 * d) + 2 * d


def libraries() -> tuple[Any, Any, Any]:
    """Return the modules ``torch``, ``transformers`` and ``peft``.

    Raises
    ------
    InputError
        If one of them is not installed.
    """
    for name in LIBRARIES:
        if find_spec(name) is None:
            raise InputError(
                f"model gpt2 needs {name}, which is not installed: pip install 'factual-recall[lm]'"
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what other packages deprecate
        torch, transformers, peft = (import_module(name) for name in LIBRARIES)
    return torch, transformers, peft


def check_memory(
    network: Gpt2, *, vocabulary: int, length: int, sentences: int, laws: int, batch: int | None,
    evaluated: int, trials: int, workers: int = 1,
) -> None:  # fmt: skip
    """Refuse a model that does not fit in memory, before it is built.

    Parameters
    ----------
    network, vocabulary, length : sizes of the model.
    sentences, laws : of each trial, rows and distinct distributions of a next token.
    batch : sentences in a step; None means all.
    evaluated : rows that are asked, or whose losses are taken, at a time.
    trials : that are kept at the same time.
    workers : points at the same time.

    Raises
    ------
    InputError
        If weights, gradients, moments, what a step keeps of each layer or an evaluation of one, and
        distributions take more memory than is free.
    """
    # Weights, their gradients, two moments, and what is kept of pre-training.
    weights = 5.0 * network.parameters(vocabulary, length)
    rows = min(sentences, batch or sentences)
    kept = network.layers * (18.0 * network.d + network.heads * length) + 4.0 * vocabulary
    # Without gradients one layer is kept at a time; beside the logits are others like them.
    asked = 18.0 * network.d + network.heads * length + 4.0 * vocabulary
    step = length * max(rows * kept, evaluated * asked)
    entries = workers * trials * (weights + step + laws * vocabulary)
    sizes = f"gpt2 with {network.layers} layers, d = {network.d}, n = {vocabulary} tokens"
    check_fits(
        entries,
        4,
        f"{sizes}, {rows} sentences a step, trials = {trials}, workers = {workers}: training",
    )


def build(network: Gpt2, vocabulary: int, length: int, seed: int) -> Any:
    """Return a GPT-2 with random weights: a ``transformers.GPT2LMHeadModel``.

    Parameters
    ----------
    network : its sizes.
    vocabulary, length : numbers of tokens, and of positions.
    seed : determines the weights.
    """
    _, transformers, _ = libraries()
    config = transformers.GPT2Config(
        vocab_size=vocabulary, n_positions=length, n_embd=network.d, n_layer=network.layers,
        n_head=network.heads, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=None, eos_token_id=None, use_cache=False,
    )  # fmt: skip
    with _seeded(seed):
        return transformers.GPT2LMHeadModel(config)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw from a seed what libraries draw from the generator of the whole process."""
    torch, _, _ = libraries()
    with _drawing, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Let each thread compute for itself: sums of several would differ with their number.

    The number is that of the whole process, and contexts may be open in several threads at once: it
    is what it was when the last of them closes.
    """
    _alone.enter()
    try:
        yield
    finally:
        _alone.leave()


def part_of(name: str) -> str:
    """Return which of :data:`PARTS` a weight belongs to.

    Examples
    --------
    >>> [part_of(f"transformer.h.0.{name}.weight") for name in ("ln_1", "attn.c_attn", "mlp.c_fc")]
    ['norms', 'attention', 'mlp']
    """
    words = name.split(".")
    if any(word.startswith("ln_") for word in words):
        return "norms"
    return next((part for part, word in (("attention", "attn"), ("mlp", "mlp")) if word in words),
                "embeddings")  # fmt: skip


def layer_of(name: str) -> str | None:
    """Return the layer that a weight belongs to, or None.

    Examples
    --------
    >>> layer_of("transformer.h.1.mlp.c_fc.weight"), layer_of("transformer.wte.weight")
    ('layer 1', None)
    """
    words = name.split(".")
    return f"layer {words[words.index('h') + 1]}" if "h" in words else None


def checked_parts(
    parts: Sequence[str] | None, network: Gpt2, rank: int | None = None
) -> tuple[str, ...]:
    """Return the parts that are trained; of low rank attention and network unless they are named.

    Parameters
    ----------
    parts : kinds of :data:`PARTS`, and layers, ``layer 0`` the first; a weight is trained if one of
        them has it. None means all.
    network : says how many layers there are.
    rank : of the changes, or None.

    Raises
    ------
    InputError
        If a part has another name, none is left, or norms, which are no matrices, have a rank.
    """
    if parts is None:
        return PARTS if rank is None else ("attention", "mlp")
    chosen = tuple(dict.fromkeys(parts))
    known = (*PARTS, *(f"layer {i}" for i in range(network.layers)))
    if not chosen or not set(chosen) <= set(known):
        raise InputError(f"parts {chosen!r} are not parts of this GPT-2: {', '.join(known)}")
    if rank is not None and "norms" in chosen:
        raise InputError("norms are no matrices, and have no changes of low rank")
    return chosen


def state_of(model: Any) -> dict[str, Any]:
    """Return a copy of a model's tensors."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def tunable(
    network: Gpt2, vocabulary: int, length: int, state: State, *, parts: Sequence[str] | None,
    rank: int | None, seed: int,
) -> Any:  # fmt: skip
    """Return a model with given weights, ready to be trained: only chosen weights have gradients.

    Parameters
    ----------
    network, vocabulary, length : sizes.
    state : weights.
    parts : that are trained; see :func:`checked_parts`.
    rank : of the changes; None means full ones. Of low rank they are those of PEFT's LoRA with
        scale 1, the factor on the input's side random and the other 0.
    seed : determines the factors.
    """
    _, _, peft = libraries()
    chosen = checked_parts(parts, network, rank)
    model = build(network, vocabulary, length, seed)
    model.load_state_dict(state)
    if rank is None:
        for name, weight in model.named_parameters():
            weight.requires_grad = not {part_of(name), layer_of(name)}.isdisjoint(chosen)
        return model
    modules = "|".join(MATRICES.get(part) or _of_layer(part) for part in chosen)
    config = peft.LoraConfig(
        r=rank, lora_alpha=rank, target_modules=rf".*\.({modules})", fan_in_fan_out=True
    )
    with _seeded(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tied embeddings, which stay as they are in the output
        return peft.get_peft_model(model, config)


def _of_layer(part: str) -> str:
    """Return the modules of a layer that changes of low rank are made in."""
    number = part.removeprefix("layer ")
    return rf"h\.{number}\.({MATRICES['attention']}|{MATRICES['mlp']})"
