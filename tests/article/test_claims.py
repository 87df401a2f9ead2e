"""Each claim, borne out and not, by figures made by hand."""

import pytest
from evidence_of import GOOD_T, RELEVANCE_T, evidence, run

from attnseq.article.claims import CLAIMS, Claim
from attnseq.article.evidence import Evidence, Seen
from attnseq.article.judging import HOLDS, NOT, OPEN

WRONG_T = [0.3, 0.3, 0.1, 0.1, 0.0, 0.1, 0.05, 0.05, 0.0, 0.0]
"""Largest at a distractor."""


def of(words: str) -> Claim:
    """The claim with these words."""
    (claim,) = (each for each in CLAIMS if words in each.sentence)
    return claim


@pytest.mark.parametrize("words", ["two largest", "about a tenth", "Distractors"])
def test_what_the_mlp_attends_to(words: str) -> None:
    good, wrong = run(attention=GOOD_T), run(attention=WRONG_T)
    assert of(words).judge(evidence(mlp=[good, good])).verdict == HOLDS
    assert of(words).judge(evidence(mlp=[good, wrong])).verdict == "holds in 1 of 2"
    assert of(words).judge(evidence(mlp=[wrong])).verdict == NOT


def test_far_better_is_a_tenth() -> None:
    mlp = [run(1e-3), run(2e-3), run(1.5e-3)]
    assert of("far better").judge(evidence(mlp=mlp, lstm_time=[run(1e-6), run(2e-6), run(3e-6)])).verdict == HOLDS
    assert of("far better").judge(evidence(mlp=mlp, lstm_time=[run(5e-4), run(9e-4), run(7e-4)])).verdict == NOT
    assert of("far better").judge(evidence(mlp=mlp, lstm_time=[run(1e-6), run(2e-3), run(3e-5)])).verdict == OPEN


@pytest.mark.parametrize("kind", ["time", "element", "feature"])
def test_attention_is_held_against_none(kind: str) -> None:
    without = [run(1e-5), run(3e-5), run(2e-5)]
    better = {f"lstm_{kind}": [run(1e-6), run(3e-6), run(2e-6)], "lstm_none": without}
    found = of(f"attention={kind}").judge(evidence(**better))
    assert found.verdict == HOLDS
    assert found.p is not None
    same = {f"lstm_{kind}": [run(3e-5), run(1e-5), run(2e-5)], "lstm_none": without}
    assert of(f"attention={kind}").judge(evidence(**same)).verdict == OPEN


def moved(distractors: float) -> Seen:
    return Seen({}, {"leave_one_out/irrelevant": distractors})


def test_distractors_are_ignored_where_they_move_the_answer_less() -> None:
    without = [moved(3.0), moved(4.0), moved(3.5)]
    claim = of("ignores")
    assert claim.judge(evidence(lstm_time=[moved(1.0), moved(1.2), moved(1.1)], lstm_none=without)).verdict == HOLDS
    assert claim.judge(evidence(lstm_time=[moved(3.5), moved(3.0), moved(4.5)], lstm_none=without)).verdict == OPEN
    assert claim.judge(evidence(lstm_time=[moved(9.0), moved(9.2), moved(9.1)], lstm_none=without)).verdict == NOT


@pytest.mark.parametrize(("model", "label"), [("MLP", "mlp"), ("LSTM", "lstm_time")])
def test_most_attended_is_held_against_relevance_and_leave_one_out(model: str, label: str) -> None:
    claim = of(f"position that the {model}")

    def seen(attention: list[float], **moved: float) -> Seen:
        moved_T = [moved.get(f"at_{place}", 0.0) for place in range(10)]
        return Seen(run(attention=attention).result, {}, {"leave_one_out": moved_T})

    first_T = [0.0, 0.5, 0.1, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0]
    tens_T = [0.0, 0.4, 0.5, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0]
    good = seen(first_T, at_1=247.0, at_5=247.5)  # by the task's symmetry, either may be ahead
    assert claim.judge(evidence(**{label: [good] * 2})).verdict == HOLDS
    assert claim.judge(evidence(**{label: [good, seen(first_T, at_1=100.0, at_5=240.0)]})).verdict == "holds in 1 of 2"
    assert claim.judge(evidence(**{label: [seen(tens_T, at_2=240.0)]})).verdict == NOT
    unanalysed = run(attention=first_T)
    assert claim.judge(evidence(**{label: [good, unanalysed]})).seeds == 1
    assert claim.judge(evidence(**{label: [unanalysed]})).verdict == "not tested"


def exact(share: float, mass: float = 0.0) -> Seen:
    return Seen({"exact/test": share, "relevance/mass_accuracy": mass})


def test_long_sequences() -> None:
    found = evidence(
        reverse_none_5=[exact(1.0), exact(1.0)],
        reverse_none_20=[exact(0.4), exact(1.0)],
        reverse_additive_20=[exact(0.9, 0.95), exact(0.99, 0.3)],
    )
    assert of("fixed size").judge(found).verdict == "holds in 1 of 2"
    assert of("mends").judge(found).verdict == "holds in 1 of 2"
    assert of("alignment").judge(found).verdict == "holds in 1 of 2"


def test_a_former_name_of_the_mass_is_read() -> None:
    old = Seen({"attention/relevance_mass": 0.9})
    assert of("alignment").judge(evidence(reverse_additive_20=[old])).verdict == HOLDS


def test_hard_attention_finds_what_it_looks_at() -> None:
    two_T = [0.0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]
    all_T = [float(value > 0) / 6 for value in RELEVANCE_T]
    looks = {"relevance__mass_accuracy": 1.0}
    hard = {"hard_attention": dict(enumerate([run(2e-3, two_T, **looks), run(2e-3, all_T, **looks)]))}
    found = Evidence(hard)
    assert of("digits alone").judge(found).verdict == HOLDS
    assert of("all operand digits").judge(found).verdict == "holds in 1 of 2"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.sentence[:30])
def test_without_runs_no_claim_is_tested(claim: Claim) -> None:
    assert claim.judge(evidence()).verdict == "not tested"
