"""The steps of an update: fetch, recognise, thread, queue, read results, conclude, deliver.

Each looks in the store for what is left to do, does it in small transactions, and can be killed
anywhere: what is done stays done, and the next run goes on with the rest.
"""
