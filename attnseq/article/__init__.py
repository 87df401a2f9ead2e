"""The published article: its numbers, its run trained again, and a verdict on each number.

Nothing else in the house knows it: it registers its dataset, initial weights, batch orders and figures by `choices`, as
a user's own package would.
"""

from attnseq.article import choices as choices
