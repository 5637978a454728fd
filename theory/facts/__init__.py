"""A user's own facts, stored in memories and transformers, certified, exported and asked for."""
