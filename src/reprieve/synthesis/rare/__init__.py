"""Harms that few people or nobody had: models of the counts themselves.

Where events are rare, effects with standard errors are poor stand-ins for counts. Here the classic
estimators, mixed models of counts and exact bounds take the counts as they are.
"""
