"""How far intervals, errors, searches and verdicts are what their definitions say."""
