"""GRADE for one comparison: rules propose each domain from the numbers, people may overrule.

`body` gathers the numbers, one module a domain makes a proposal of them, `rating` puts them
together, and `overrules` keeps what people decided otherwise.
"""
