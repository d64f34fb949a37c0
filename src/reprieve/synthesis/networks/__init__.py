"""Network meta-analysis: all treatments at once, from trials that compare some of them.

`network` in `analysis` fits; the fit answers everything else: effects, ranks, coherence.
"""
