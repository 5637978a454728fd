"""What can be read off drawn axes."""


def curves(ax):
    """Lines with a label of their own, by label."""
    return {
        line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")
    }


def keys(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]
