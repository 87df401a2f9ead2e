"""What a run keeps of its file, and the samples that come of it.

Shapes: N sequences, T positions, F features.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Tokens
from attnseq.core.keys import ConfigError
from attnseq.tables.dealing import Dealt
from attnseq.tables.facts import Facts, find_facts
from attnseq.tables.files import open_file
from attnseq.tables.form import LONG, WIDE, Form
from attnseq.tables.reading import Sequences, read_sequences
from attnseq.tables.samples import to_samples

ALL = Dealt(np.array([0, 1]), np.array([2]), np.array([3]))
WIDE_FILE = "a,b,n,y\n1,2,2,10\n3,9,1,30\n5,6,2,7\n7,8,2,8\n"


def facts_of(folder: Path, text: str, form: Form, standardise: bool = True) -> tuple[Sequences, Facts]:
    (folder / "mine.csv").write_text(text)
    sequences = read_sequences(open_file(str(folder / "mine.csv")), form)
    return sequences, find_facts("mine.csv", sequences, ALL, form.target, standardise, "abc")


def test_scales_are_of_the_training_samples_positions_alone(tmp_path: Path) -> None:
    sequences, facts = facts_of(tmp_path, WIDE_FILE, Form(WIDE, "y", lengths="n"))
    seen = np.array([1.0, 2.0, 3.0])  # 9 stands behind the end of its sequence
    assert facts.means == pytest.approx([seen.mean()])
    assert facts.deviations == pytest.approx([seen.std()])
    assert (facts.mean, facts.deviation) == (20, 10)
    assert facts.sizes == (2, 1, 1)
    assert facts.spec == Spec(Reals(2, 1, padded=True), Scalar(10, "units of y", offset=20, bounded=False))
    train = to_samples(sequences, facts, ALL.train)
    assert train.inputs.dtype == torch.float32
    assert train.inputs[..., 0].numpy() == pytest.approx((np.array([[1, 2], [3, 2]]) - 2) / seen.std())
    assert train.targets.tolist() == [-1, 1]
    assert train.targets.dtype == torch.float64
    assert train.lengths.tolist() == [2, 1]
    assert to_samples(sequences, facts, ALL.test).targets.tolist() == pytest.approx([-1.2])


def test_scales_may_be_left_out_and_what_is_constant_has_none(tmp_path: Path) -> None:
    _, plain = facts_of(tmp_path, WIDE_FILE, Form(WIDE, "y", ("a", "b")), standardise=False)
    assert (plain.means, plain.deviations, plain.mean) == ((0,), (1,), 20)
    _, constant = facts_of(tmp_path, "a,y\n4,1\n4,2\n5,3\n6,4\n", Form(WIDE, "y"))
    assert (constant.means, constant.deviations) == ((4,), (1,))


def test_categories_are_tokens_and_classes_are_named(tmp_path: Path) -> None:
    text = "who,x,y\np,up,u\np,on,u\nq,on,v\nr,off,u\ns,up,v\n"
    sequences, facts = facts_of(tmp_path, text, Form(LONG, "y", id="who"))
    assert facts.spec == Spec(Tokens(2, 3, padded=True), Classes(("u", "v")))
    assert facts.categories == ("off", "on", "up")
    train = to_samples(sequences, facts, ALL.train)
    assert (train.inputs.dtype, train.targets.dtype) == (torch.uint8, torch.int32)
    assert train.inputs.tolist() == [[2, 1], [1, 0]]
    assert train.targets.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("answers", "shown"), [("7,7,8,9", "7"), ("u,u,v,v", "the class u")], ids=["numbers", "classes"]
)
def test_there_must_be_something_to_learn(answers: str, shown: str, tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{row},{answer}\n" for row, answer in enumerate(answers.split(",")))
    with pytest.raises(ConfigError, match=rf"^mine\.csv, column y: all 2 training answers are {shown}$"):
        facts_of(tmp_path, text, Form(WIDE, "y"))


def test_facts_are_the_same_after_json(tmp_path: Path) -> None:
    _, facts = facts_of(tmp_path, WIDE_FILE, Form(WIDE, "y", lengths="n"))
    content = json.loads(json.dumps(facts.to_json()))
    assert Facts.of_json(content) == facts
    for damaged in ({}, [], content | {"more": 1}):
        with pytest.raises(ConfigError, match=r"^task\.json: damaged, or written by another version of attnseq$"):
            Facts.of_json(damaged)


def test_sequences_of_other_lengths_are_taken_where_the_model_can(tmp_path: Path) -> None:
    _, facts = facts_of(tmp_path, "who,x,y\np,1,1\np,2,1\nq,3,2\nr,1,3\ns,4,4\n", Form(LONG, "y", id="who"))
    (tmp_path / "other.csv").write_text("who,x\nt,1\nt,2\nt,3\nu,4\n")
    other = read_sequences(open_file(str(tmp_path / "other.csv")), Form(LONG, "", ("x",), id="who"), facts.known)
    with pytest.raises(ConfigError, match=r"^sequence t: has 3 positions; the model takes 1 to 2$"):
        to_samples(other, facts)
    longer = to_samples(other, facts, any_length=True)
    assert longer.inputs.shape == (2, 3, 1)
    assert longer.lengths.tolist() == [3, 1]
    assert longer.targets is None
    (tmp_path / "other.csv").write_text("who,x\nt,1\nu,4\n")
    shorter = read_sequences(open_file(str(tmp_path / "other.csv")), Form(LONG, "", ("x",), id="who"), facts.known)
    assert to_samples(shorter, facts).inputs.shape == (2, 2, 1)  # as long as the model's, padded


def test_relevance_is_0_behind_the_end_of_a_sequence(tmp_path: Path) -> None:
    text = "who,x,y,r\np,1,1,3\np,2,1,4\nq,3,2,5\nr,1,3,0\ns,4,4,0\n"
    sequences, facts = facts_of(tmp_path, text, Form(LONG, "y", ("x",), id="who", relevance="r"))
    assert to_samples(sequences, facts).relevance[:2].tolist() == [[3, 4], [5, 0]]
