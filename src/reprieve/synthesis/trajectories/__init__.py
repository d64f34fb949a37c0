"""Trajectories: all visits of all trials of all treatments in one network over time.

`trajectory` in `analysis` fits; the fit says what separates two treatments at any month, when
relief starts, peaks and goes, and how far the data reach.
"""
