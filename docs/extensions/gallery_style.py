"""The style of figures in the gallery: the one of the figures that recall writes."""

from typing import Any

from theory.rendering.drawing import STYLE


def house_style(gallery: dict[str, Any], file: str) -> None:
    """Set the style before each example; sphinx-gallery calls it."""
    from matplotlib import pyplot

    pyplot.style.use(STYLE)
