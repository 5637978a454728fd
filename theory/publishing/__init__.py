"""The appendix, its report page, and the state of the sweep that it comes from."""
