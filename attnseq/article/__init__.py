"""The published article: its numbers, training its run again, and a verdict on each number.

No other room depends on it: `choices` registers its dataset, initial weights, batch orders and figures, as a user's own
package would.
"""

from attnseq.article import choices as choices
