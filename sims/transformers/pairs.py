"""How often single things go wrong: pairs of a fact and a competitor, and gaps of heads.

Whether a model recalls every fact is one bit for each table. The guarantees of attention alone
bound expected numbers of what goes wrong, and these can be counted also where much does.
"""

import numpy as np

from assoc.arrays import Integers
from assoc.facts.recall_task import RecallTask
from assoc.transformers.model import Transformer

__all__ = ["failing_pairs", "small_gaps"]


def failing_pairs(model: Transformer, task: RecallTask, looked_at: Integers) -> int:
    """Count pairs of a fact and another token that scores as high as the answer, or higher.

    Parameters
    ----------
    model : attention, and perhaps a network.
    task : the facts.
    looked_at : (N, H) the token that each head gives the value of, as from
        :func:`assoc.transformers.attention_mlp.attended_tokens`.
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
