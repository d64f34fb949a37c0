"""Small-study effects, and what the mean would be had every study been seen.

Tests of asymmetry, adjusted means and selection models.
"""
