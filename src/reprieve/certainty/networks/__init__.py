"""Certainty of the estimates of a network: by GRADE, and by CINeMA's six domains.

`comparisons` puts together what trials say about each pair, `loops` finds the indirect evidence,
`grade` and `cinema` rate, and `results` holds what they find.
"""
