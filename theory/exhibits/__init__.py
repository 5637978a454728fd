"""One module per exhibit of the appendix; what defines ``EXHIBIT`` is found by itself."""
