"""Tables of results that reviewers bring: of RevMan, metafor, netmeta, MetaInsight, CINeMA.

`reprieve.living.tables.opening.read_table` tells the form by the names of the columns, never by
their number, and gives values of arms and contrasts with an account of what was left out.
"""
