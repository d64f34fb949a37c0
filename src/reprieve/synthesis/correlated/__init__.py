"""Effects that belong together: nested, crossed, of several outcomes or months.

Multilevel and multivariate models on the Gaussian engine, and robust inference.
"""
