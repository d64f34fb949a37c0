"""Risk of bias of a result: the published tools as data, judgements on the record, hints.

`deciding` proposes a judgement from answers; `records` and `files` keep what people judged.
"""
