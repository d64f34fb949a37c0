"""What each study does to a fit, and what every subset of studies says.

All refits of an analysis are one batch.
"""
