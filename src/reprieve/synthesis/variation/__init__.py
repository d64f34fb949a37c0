"""Variation between people and settings: who is better off than the mean says?

Ratios of spreads, and the share with a worthwhile effect.
"""
