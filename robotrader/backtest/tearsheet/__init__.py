"""Reports as pages, without any library: text in, HTML and SVG out."""

from robotrader.backtest.tearsheet.page import tearsheet

__all__ = ["tearsheet"]
