"""Memories and transformers that gradient descent finds, and what they hold (extra ``train``)."""
