"""What a change of the evidence means: conclusions, alerts, the log of versions, and the run."""
