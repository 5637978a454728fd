"""How often single things go wrong: pairs of a fact and a competitor, and gaps of heads.

Whether a model recalls every fact is one bit for each table. The guarantees of attention alone
bound expected numbers of what goes wrong, and these can be counted also where much does.
"""

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers
from assoc.facts.recall_task import RecallTask
from assoc.transformers.attention_only import cue_groups
from assoc.transformers.model import Transformer

__all__ = ["failing_pairs", "own_tokens", "small_gaps"]


def own_tokens(task: RecallTask, head_dim: int) -> NDArray[np.intp]:
    """Token (N, H) that each head is to look at in a prompt for each fact.

    It is the one of the head's own that the prompt holds, and the end of sequence otherwise.

    Parameters
    ----------
    task : the facts.
    head_dim : d_h of a model with as many heads as give each at most d_h tokens.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> own_tokens(grid_task(2, 1, 1, noise=0), 1)  # tokens 0, 1; 2; the answer 3; the end 4
    array([[0, 4, 2],
           [4, 1, 2]])
    """
    groups = cue_groups(task, head_dim, None)
    head = np.repeat(np.arange(len(groups)), [len(group) for group in groups])  # by token
    tokens = np.full((len(task), len(groups)), task.end)
    np.put_along_axis(tokens, head[task.cues], task.cues, axis=1)
    return tokens


def failing_pairs(model: Transformer, task: RecallTask, looked_at: Integers) -> int:
    """Count pairs of a fact and another token that scores as high as the answer, or higher.

    Parameters
    ----------
    model : attention, and perhaps a network.
    task : the facts.
    looked_at : (N, H) the token that each head gives the value of, from :func:`own_tokens`.
    """
    scores = model.after(model.attended(looked_at)) @ model.embeddings.astype(np.float64).T
    own = scores[np.arange(len(task)), task.labels]
    return int((scores >= own[:, None]).sum()) - len(task)


def small_gaps(model: Transformer, task: RecallTask, least: float) -> int:
    """Count heads of one token whose logit of the end is less than ``least`` above another token.

    Parameters
    ----------
    model : attention with a head for each subject, then for each relation.
    task : its facts; answers are no part of prompts, and are not counted.
    least : of the logits as they are, after the inverse temperature.

    Returns
    -------
    Number of pairs of a head and a token that prompts may hold, its own and the end apart.
    """
    logits, prompted = model.logits(), task.prompted[:-1]
    small = logits[:, -1:] - logits[:, prompted] < least
    own = np.arange(model.attention.heads)
    small[own, own] = False  # cues are the first of the tokens
    return int(small.sum())
