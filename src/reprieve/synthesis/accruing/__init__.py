"""Evidence that accrues: looking after every trial without inflating error.

Trial sequential boundaries, and anytime-valid sequences and e-values.
"""
