"""Facts told in sentences, learnt by gradient descent, and extracted by questions."""
