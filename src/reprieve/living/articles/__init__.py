"""The full text of an article as tables, and the rows of evidence that they seem to hold.

Nothing that is proposed here counts before a person has read it against the article.
"""

from reprieve.living.articles.proposing import CandidateRow
from reprieve.living.articles.reading import ReadArticle, read_article

__all__ = ["CandidateRow", "ReadArticle", "read_article"]
