"""The covering law of extraction, and hypotheses on what is told and asked."""
