"""Records of one trial joined: registrations, papers, posted results, retractions, duplicates."""

from reprieve.living.threads.joining import join_threads
from reprieve.living.threads.studies import threads_of_studies
from reprieve.living.threads.thread import Question, Threads, TrialThread

__all__ = ["Question", "Threads", "TrialThread", "join_threads", "threads_of_studies"]
