"""Staying current: what is concluded now, what has changed since, and who is told.

This room stands above `answers`; `reprieve update` and `reprieve watch` are its doors.
"""
