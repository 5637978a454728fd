"""The same telling and asking with a GPT-2 of the ``transformers`` library (extra ``lm``)."""
