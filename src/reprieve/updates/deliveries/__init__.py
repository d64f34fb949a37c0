"""Ways out for alerts: a message, a call to a web address, a feed, a file.

Each delivers at least once and under a key, so that what comes twice can be told apart.
"""
