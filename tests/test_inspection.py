"""What is seen inside a run agrees with what the run does, for every shape; and with sums done by hand."""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import math
import threading
import zipfile
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mt
from mt.checkpoint import Run
from mt.config import Config, ModelConfig, SearchConfig, TokenizerConfig
from mt.encoder import Encoder
from mt.errors import ConfigError
from mt.inspection import Inspection, Inspector, state_sample
from mt.inspection.by_hand import Dot, work_out
from mt.inspection.npz import open_archive
from mt.inspection.plane import Plane
from mt.inspection.reading import moves, proportions, read_sentence
from mt.inspection.trace import trace
from mt.search import BOS, EOS, UNK, length_limit, search
from mt.tokenizer import Tokenizer
from mt.translator import Translator
from mt.translator.candidates import CandidateWriter
from tests.test_model import SHAPES, VOCAB, small
from tests.toy import toy_pairs

CPU = torch.device("cpu")
TEXT = "ba fi go"
RNN = ModelConfig(cell="rnn", bidirectional=False, encoder_layers=2)


@functools.cache
def tokenizer(upper: bool) -> Tokenizer:
    """Single letters mostly: as many pieces as `small` models have."""
    side = 1 if upper else 0
    settings = TokenizerConfig(byte_fallback=False, character_coverage=1.0)
    return Tokenizer.learn((pair[side] for pair in toy_pairs(300, seed=1)), settings, VOCAB)


def translator(shape: ModelConfig, **search_settings: Any) -> Translator:
    """An untrained model of a shape, its choices sharpened, as a run that has lost its validation pairs."""
    model = small(shape)
    with torch.no_grad():
        model.decoder.output.weight.mul_(3)
    metadata = {"split_chars": 40, "corpora": {}}
    run = Run(
        Path("somewhere"), Config(model=shape), metadata, tokenizer(upper=False), tokenizer(upper=True), model
    )
    return Translator([run], SearchConfig(**{"beam": 3, **search_settings}), CPU)


@functools.cache
def seen(place: int) -> tuple[Translator, Inspection]:
    of = translator(SHAPES[place])
    return of, Inspector(of).inspect(TEXT)


every_shape = pytest.mark.parametrize("place", range(len(SHAPES)), ids=lambda place: str(SHAPES[place]))


def encoded(of: Translator, text: str = TEXT) -> tuple[list[int], Any]:
    ids = [*of.run.src_tokenizer.encode([text])[0], EOS]
    with torch.inference_mode():
        return ids, of.run.model.encode(torch.tensor([ids]), torch.tensor([len(ids)]))


def output_ids(of: Translator, found: Inspection) -> list[int]:
    """The ids of the translation, from the pieces of its steps."""
    spelled = of.run.tgt_tokenizer.spell(range(VOCAB))
    return [spelled.index(step.piece) for step in found.steps]


@every_shape
def test_the_readings_are_the_encoders_own(place: int) -> None:
    """Their states are those that attention reads, in the order of the text; the vector is the model's."""
    of, found = seen(place)
    ids, known = encoded(of)
    size = len(ids)
    assert len(found.pieces) == size
    assert found.pieces[-1] == "</s>"
    np.testing.assert_allclose(found.vector, known.sentence_vector[0], atol=1e-5)
    directions = ["left-to-right", "right-to-left"]
    if SHAPES[place].reverse_source:
        directions.reverse()
    expected = directions[: 2 if SHAPES[place].bidirectional else 1]
    assert [reading.direction for reading in found.readings] == expected
    for reading in found.readings:
        order = list(range(size))
        assert list(reading.order) == (order if reading.direction == "left-to-right" else order[::-1])
        assert reading.states.shape[0] == size
    if known.memory is not None:
        in_text_order = [reading.states[np.argsort(reading.order)] for reading in found.readings]
        states = np.concatenate(in_text_order, axis=1)
        # What attention sees beyond the states is the pieces' embeddings.
        encoder = of.run.model.encoder
        beyond = encoder.embedding.embedding_dim * SHAPES[place].attend_embedding
        assert known.memory.shape[2] == encoder.memory_size == states.shape[1] + beyond
        np.testing.assert_allclose(states, known.memory[0][:, : states.shape[1]], atol=1e-5)
    if SHAPES[place].pooling == ("last",) and SHAPES[place].vector_size is None:
        last = np.concatenate([reading.states[-1] for reading in found.readings])
        np.testing.assert_allclose(last, found.vector, atol=1e-5)


@every_shape
def test_shares_add_up(place: int) -> None:
    _, found = seen(place)
    for reading in found.readings:
        assert reading.dependence.min() >= 0
        assert np.triu(reading.dependence, k=1).max() == 0
        np.testing.assert_allclose(reading.dependence.sum(axis=1), 1, atol=1e-5)
        assert reading.moves[0] == pytest.approx(1)
        assert reading.moves.min() >= 0
        assert reading.moves.max() <= 1
    assert found.vector_dependence.sum() == pytest.approx(1, abs=1e-5)
    assert found.vector_dependence.min() > 0  # every shape's vector hears of every piece


@every_shape
def test_the_steps_are_those_of_teacher_forcing(place: int) -> None:
    of, found = seen(place)
    ids = output_ids(of, found)
    _, known = encoded(of)
    with torch.inference_mode():
        tgt_in = torch.tensor([[BOS, *ids[:-1]]])
        forced = torch.softmax(of.run.model.decode(tgt_in, known), dim=2)[0]
        weights = of.run.model.align(tgt_in, known)
    np.testing.assert_allclose(
        [step.probability for step in found.steps], forced[range(len(ids)), ids], atol=1e-5
    )
    assert found.decoder_states.shape == (len(ids), 6)
    for time, step in enumerate(found.steps):
        others = [share for _, share in step.runners_up]
        assert others == sorted(others, reverse=True)
        assert len(others) == 4
        assert step.piece not in [piece for piece, _ in step.runners_up]
        if weights is None:
            assert step.attention is None
        else:
            assert step.attention is not None
            np.testing.assert_allclose(step.attention, weights[0, time], atol=1e-5)
            assert step.attention.sum() == pytest.approx(1, abs=1e-5)


@every_shape
def test_the_decoders_states_are_its_top_layers(place: int) -> None:
    """Step by step, as search walks: h of the last layer, not an LSTM's c."""
    of, found = seen(place)
    model, ids = of.run.model, output_ids(of, found)
    _, known = encoded(of)
    top = (SHAPES[place].decoder_layers - 1) * (2 if SHAPES[place].cell == "lstm" else 1)
    with torch.inference_mode():
        state, prepared = model.start(known), model.prepare(known)
        for previous, expected in zip([BOS, *ids[:-1]], found.decoder_states, strict=True):
            _, state = model.step(torch.tensor([previous]), state, prepared)
            np.testing.assert_allclose(state[top][0], expected, atol=1e-5)


@every_shape
def test_influence_is_the_total_variation_between_two_predictions(place: int) -> None:
    """This run has no validation pairs: the other vector is zeros."""
    of, found = seen(place)
    ids = output_ids(of, found)
    _, known = encoded(of)
    zeros = dataclasses.replace(known, sentence_vector=torch.zeros_like(known.sentence_vector))
    with torch.inference_mode():
        tgt_in = torch.tensor([[BOS, *ids[:-1]]])
        one, other = (torch.softmax(of.run.model.decode(tgt_in, part), dim=2)[0] for part in (known, zeros))
    expected = [float((p - q).clamp(min=0).sum()) for p, q in zip(one, other, strict=True)]
    np.testing.assert_allclose([step.influence for step in found.steps], expected, atol=1e-5)
    assert "and the one with zeros instead" in found.as_dict()["influence_method"]


@every_shape
def test_the_translation_is_that_of_mt_translate(place: int) -> None:
    of, found = seen(place)
    known = of.search([TEXT], nbest=3)[0]
    assert found.translation == known.text
    assert [row.translation for row in found.hypotheses] == list(known.hypotheses)
    np.testing.assert_allclose([row.score for row in found.hypotheses], known.scores, atol=1e-4)
    for row in found.hypotheses:
        assert row.probability == pytest.approx(math.exp(row.log_prob))


@every_shape
def test_the_tree_of_the_beam_ends_in_the_hypotheses(place: int) -> None:
    """Each hypothesis is a path of pieces from an ended branch to the root, with its log-probability."""
    of, found = seen(place)
    paths = {}
    for depth, step in enumerate(found.trace.steps):
        assert 1 <= len(step) <= 6
        assert [kept.log_prob for kept in step] == sorted((kept.log_prob for kept in step), reverse=True)
        for kept in step:
            parents = 1 if depth == 0 else len(found.trace.steps[depth - 1])
            assert 0 <= kept.parent < parents
            if kept.ended:
                paths[tuple(walk_back(found, depth, kept.parent, kept.piece))] = kept.log_prob
    assert any(kept.ended for kept in found.trace.steps[-1])  # and then search stops
    best = tuple(step.piece for step in found.steps)
    assert paths[best] == pytest.approx(found.hypotheses[0].log_prob, abs=1e-4)
    texts = {of.run.tgt_tokenizer.decode([ids_of(of, path)])[0] for path in paths}
    assert {row.translation for row in found.hypotheses} <= texts


def walk_back(found: Inspection, depth: int, parent: int, piece: str) -> list[str]:
    path = [piece]
    for step in reversed(found.trace.steps[:depth]):
        path.append(step[parent].piece)
        parent = step[parent].parent
    return path[::-1]


def ids_of(of: Translator, path: tuple[str, ...]) -> list[int]:
    spelled = of.run.tgt_tokenizer.spell(range(VOCAB))
    return [spelled.index(piece) for piece in path if piece != "</s>"]


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("ratio", [0.01, 3.0])
def test_a_search_that_is_watched_finds_the_same(beam: int, ratio: float) -> None:
    """Also where hypotheses are cut at the limit: then the branches that end do so without eos."""
    of = translator(ModelConfig(), beam=beam, max_length_ratio=ratio)
    if ratio < 1:
        with torch.no_grad():
            of.run.model.decoder.output.bias[EOS] = -1e9
    for text in ("ba", TEXT, "ku ku mo ne la"):
        ids, known = encoded(of, text)
        with torch.inference_mode():
            watched = trace(
                of.run.model,
                known,
                length_limit(torch.tensor([len(ids)]), of.config),
                of.config,
                None,
                of.run.tgt_tokenizer.spell,
            )
        plain = search(of.run.model, [ids[:-1]], of.config, CPU)[0]
        assert [row.ids for row in watched.hypotheses] == [row.ids for row in plain]
        ended = sum(kept.ended for step in watched.steps for kept in step)
        assert ended >= len(plain)


KEYS = {
    "source",
    "translation",
    "parts",
    "model",
    "pieces",
    "unknown",
    "readings",
    "dependence_method",
    "vector",
    "vector_dependence",
    "steps",
    "influence_method",
    "decoder_states",
    "decoder_trajectory",
    "pca",
    "beam",
    "hypotheses",
}


@every_shape
def test_the_json_has_the_shapes_that_are_documented(place: int) -> None:
    of, found = seen(place)
    row = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    size, steps, model = len(found.pieces), len(found.steps), SHAPES[place]
    assert row.keys() == KEYS
    assert row["model"]["cell"] == model.cell
    assert row["model"]["vector_size"] == len(row["vector"]) == of.run.model.encoder.vector_size
    for reading, share in zip(row["readings"], row["pca"]["explained"], strict=True):
        assert reading.keys() == {"direction", "order", "states", "moves", "dependence", "trajectory"}
        assert [len(line) for line in reading["dependence"]] == list(range(1, size + 1))
        assert len(reading["states"]) == len(reading["moves"]) == len(reading["trajectory"]) == size
        assert {len(point) for point in reading["trajectory"]} == {2}
        assert 0 <= share[1] <= share[0] <= 1
    assert len(row["vector_dependence"]) == size
    assert len(row["decoder_states"]) == len(row["decoder_trajectory"]) == steps
    for step in row["steps"]:
        assert step.keys() == {"piece", "probability", "runners_up", "attention", "influence"}
        assert step["attention"] is None or len(step["attention"]) == size
    assert row["pca"]["from"] == "this sentence"
    assert row["pca"]["background"] == [[]] * len(row["readings"])
    assert {key for step in row["beam"] for kept in step for key in kept} == {
        "piece",
        "parent",
        "log_prob",
        "ended",
    }
    assert row["hypotheses"][0].keys() == {"translation", "score", "log_prob", "probability"}
    assert f"{row['vector'][0]:.6g}" == repr(row["vector"][0]) or abs(row["vector"][0]) < 1e-3


@every_shape
def test_the_arrays_have_the_shapes_that_are_documented(place: int, tmp_path: Path) -> None:
    _, found = seen(place)
    with open_archive(tmp_path / "seen.npz") as archive:
        archive.add(found.arrays(), "")
    arrays = np.load(tmp_path / "seen.npz", allow_pickle=False)
    documented = Inspection.arrays.__doc__ or ""
    size, steps, beam = len(found.pieces), len(found.steps), len(found.trace.steps)
    expected = {
        "source": (),
        "pieces": (size,),
        "vector": found.vector.shape,
        "vector_dependence": (size,),
        "step_pieces": (steps,),
        "probabilities": (steps,),
        "runners_up": (steps, 4),
        "scores": (3,),
        "decoder_states": (steps, 6),
        "decoder_trajectory": (steps, 2),
        "explained_left_to_right": (2,),
    }
    direction = found.readings[0].direction.replace("-", "_")
    expected |= {
        f"states_{direction}": found.readings[0].states.shape,
        f"moves_{direction}": (size,),
        f"dependence_{direction}": (size, size),
        f"trajectory_{direction}": (size, 2),
        f"order_{direction}": (size,),
    }
    if direction == "right_to_left":
        del expected["explained_left_to_right"]
    for name, shape in expected.items():
        assert arrays[name].shape == shape, name
        assert name.removesuffix(f"_{direction}").removesuffix("_left_to_right") in documented
    assert ("attention" in arrays.files) == (SHAPES[place].attention != "none")
    assert arrays["beam_pieces"].shape == arrays["beam_parents"].shape
    assert arrays["beam_pieces"].shape[0] == beam
    np.testing.assert_array_equal(arrays[f"states_{direction}"], found.readings[0].states)
    assert list(arrays["pieces"]) == list(found.pieces)


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"), open_archive(tmp_path / "x.npz") as archive:
        archive.add({"x": np.array([{}])}, "")
    assert list(tmp_path.iterdir()) == []


def test_moves_by_hand() -> None:
    """From nothing to (3, 4): all the way. From there to (3, -4): 8 of 10. And not at all."""
    states = np.array([[3, 4], [3, -4], [3, -4], [0, 0], [0, 0]], dtype=np.float32)
    assert moves(states).tolist() == pytest.approx([1, 0.8, 0, 1, 0])


vectors = st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3)


@given(st.lists(vectors, min_size=1, max_size=5))
@settings(deadline=None)
def test_moves_stay_between_nothing_and_all(rows: list[list[float]]) -> None:
    found = moves(np.array(rows, dtype=np.float32))
    assert ((found >= 0) & (found <= 1)).all()


def test_shares_of_nothing_are_equal() -> None:
    assert proportions(np.array([[1, 3], [0, 0]], dtype=np.float32)).tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert proportions(np.zeros((1, 4), dtype=np.float32)).tolist() == [[0.25] * 4]
    assert proportions(np.zeros((2, 2), dtype=np.float32)).tolist() == [[1, 0], [0.5, 0.5]]


def one_unit(bidirectional: bool, reverse_source: bool) -> Encoder:
    """h' = tanh(x + 0.5·h), of one number; the pieces 5, 6, 7 stand for 0.4, -0.3, 0.9."""
    embedding = torch.nn.Embedding(VOCAB, 1)
    config = ModelConfig(
        cell="rnn", encoder_hidden=1, bidirectional=bidirectional, reverse_source=reverse_source
    )
    encoder = Encoder(embedding, config).eval()
    with torch.no_grad():
        embedding.weight[5:8] = torch.tensor([[0.4], [-0.3], [0.9]])
        for name, weight in encoder.named_parameters():
            if "layer" in name:
                weight.fill_({"weight_ih_l0": 1.0, "weight_hh_l0": 0.5}.get(name.split(".")[-1], 0.0))
    return encoder


def run_by_hand(inputs: list[float]) -> list[float]:
    states, state = [], 0.0
    for value in inputs:
        state = math.tanh(value + 0.5 * state)
        states.append(state)
    return states


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("reverse_source", [False, True])
def test_dependence_by_hand(bidirectional: bool, reverse_source: bool) -> None:
    """Each piece blanked in turn, in a network of one number, in whichever direction it reads."""
    encoder = one_unit(bidirectional, reverse_source)
    with torch.inference_mode():
        read = read_sentence(encoder, [5, 6, 7], batch_tokens=2048, device=CPU)
    values = [0.4, -0.3, 0.9]
    for reading in read.readings:
        inputs = values if reading.direction == "left-to-right" else values[::-1]
        states = run_by_hand(inputs)
        np.testing.assert_allclose(reading.states[:, 0], states, atol=1e-6)
        for step in range(3):
            changes = [
                abs(states[step] - run_by_hand([*inputs[:blank], 0.0, *inputs[blank + 1 :]])[step])
                for blank in range(step + 1)
            ]
            expected = [change / sum(changes) for change in changes] + [0.0] * (2 - step)
            np.testing.assert_allclose(reading.dependence[step], expected, atol=1e-5)
    if not bidirectional:
        expected = read.readings[0].dependence[-1]
        in_order = expected[::-1] if reverse_source else expected
        np.testing.assert_allclose(read.vector_dependence, in_order, atol=1e-5)


@pytest.mark.parametrize("place", [0, len(SHAPES) - 1])
def test_how_many_copies_are_read_at_once_does_not_matter(place: int) -> None:
    encoder = small(SHAPES[place]).encoder
    with torch.inference_mode():
        one, few = (
            read_sentence(encoder, [5, 6, 7, 8, EOS], batch_tokens=tokens, device=CPU)
            for tokens in (2048, 11)
        )
    np.testing.assert_allclose(one.vector_dependence, few.vector_dependence, atol=1e-5)
    for row, other in zip(one.readings, few.readings, strict=True):
        np.testing.assert_allclose(row.dependence, other.dependence, atol=1e-5)


def test_the_plane_of_points_on_a_line_and_beside_it() -> None:
    """Along (0, 3, 4) they differ most, along (1, 0, 0) a little; the largest number of each is positive."""
    along, beside = np.array([0, -0.6, -0.8]), np.array([-1.0, 0, 0])
    points = np.array([7, 8, 9]) + np.array([2 * along, -2 * along, 1 * beside, -1 * beside])
    plane = Plane.fit(points.astype(np.float32))
    np.testing.assert_allclose(plane.axes, [-along, -beside], atol=1e-6)
    np.testing.assert_allclose(plane.explained, [0.8, 0.2], atol=1e-6)
    placed = plane.project(points.astype(np.float32))
    np.testing.assert_allclose(placed, [[-2, 0], [2, 0], [0, -1], [0, 1]], atol=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_the_axes_of_any_points_are_at_right_angles_and_not_mirrored(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(9, 5)).astype(np.float32)
    axes = Plane.fit(points).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-5)
    assert (axes[[0, 1], np.abs(axes).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("shape", [(1, 4), (5, 1), (2, 3)])
def test_few_points_or_numbers_have_a_plane_too(shape: tuple[int, int]) -> None:
    points = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    plane = Plane.fit(points)
    assert plane.project(points).shape == (shape[0], 2)
    assert np.isfinite(plane.explained).all()
    assert plane.explained.sum() == pytest.approx(1 if shape[0] > 1 else 0, abs=1e-5)


def test_states_are_drawn_on_the_validation_pairs(toy_run: Path) -> None:
    found = Inspector(mt.load(toy_run, device="cpu")).inspect("ba de")
    row = found.as_dict()["pca"]
    assert (row["sentences"], row["from"]) == (40, "validation pairs")
    assert all(50 < len(points) <= state_sample.POINTS for points in row["background"])
    assert "mean vector of 40 validation sentences" in found.as_dict()["influence_method"]


def test_validation_pairs_are_found_in_the_cache_or_in_their_files_or_not_at_all(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = mt.load(toy_run, device="cpu").run
    data = run.config.data.model_copy(update={"validation": (str(tmp_path / "gone.tsv"),)})
    moved = dataclasses.replace(run, config=run.config.model_copy(update={"data": data}))
    pairs = state_sample.sample_pairs(moved)
    assert len(pairs) == 40
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "one-cache")
    assert state_sample.sample_pairs(run) == pairs
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "another-cache")
    assert state_sample.sample_pairs(moved) == []
    assert state_sample.sample_pairs(dataclasses.replace(run, metadata={}, config=Config())) == []


@pytest.mark.parametrize("reverse_source", [False, True])
@pytest.mark.parametrize("shape", [RNN, RNN.model_copy(update={"bidirectional": True, "encoder_layers": 1})])
def test_by_hand_is_what_torch_works_out(shape: ModelConfig, reverse_source: bool) -> None:
    """The sum of what is shown, by Python's floats, against the first layer of the encoder itself."""
    encoder = small(shape.model_copy(update={"reverse_source": reverse_source})).encoder
    ids = [5, 9, 7, EOS]
    worked = work_out(encoder, ids, ["a", "b", "c", "end"])
    order = ids[::-1] if reverse_source else ids
    with torch.inference_mode():
        states = encoder.forwards[0](encoder.embedding(torch.tensor([order])))[0]
    assert (worked.before, worked.piece) == ((("end",), "c") if reverse_source else (("a",), "b"))
    assert len(worked.units) == 3
    moved = (states[1] - states[0]).abs()
    assert {unit.index for unit in worked.units} == set(moved.topk(3).indices.tolist())
    for unit in worked.units:
        assert unit.after == pytest.approx(float(states[1, unit.index]), abs=1e-6)
        assert unit.by_torch == pytest.approx(unit.after, abs=1e-6)
        assert unit.before == pytest.approx(float(states[0, unit.index]), abs=1e-6)


def test_a_dot_product_is_its_largest_terms_and_the_rest() -> None:
    dot = Dot.of(torch.tensor([1.0, -2.0, 0.5, 3.0]), torch.tensor([0.1, 3.0, -2.0, 1.0]))
    assert dot.terms == ((-2.0, 3.0), (3.0, 1.0))
    assert dot.others == pytest.approx(0.1 - 1.0)
    assert dot.value == pytest.approx(-3.9)
    assert str(dot) == "−2.000×3.000 + 3.000×1.000 − 0.900 (2 more)"


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_by_hand_is_for_the_plain_cell(cell: str) -> None:
    encoder = small(ModelConfig.model_validate({"cell": cell})).encoder
    with pytest.raises(ConfigError, match=f"are {cell}, which have gates: .*--preset elman"):
        work_out(encoder, [5, EOS], ["a", "end"])


def test_an_ensemble_has_no_inside(toy_run: Path) -> None:
    with pytest.raises(ConfigError, match="name one of them with -m"):
        Inspector(mt.load(toy_run, toy_run, device="cpu"))


@pytest.mark.parametrize("text", ["", " \t\u3000\n"])
def test_a_blank_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="the text is blank"):
        Inspector(seen(0)[0]).inspect(text)


def test_a_text_of_very_many_pieces_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"has [\d,]+ pieces and at most 400 can be inspected"):
        Inspector(seen(0)[0]).inspect("ba fi " * 200)


def test_a_text_that_is_translated_in_parts_is_read_whole() -> None:
    """The model of this test splits at 40 characters."""
    found = Inspector(seen(0)[0]).inspect("ba fi go. " * 6)
    assert found.parts > 1
    assert len(found.pieces) == 6 * 4 + 1


def test_white_space_around_a_text_stays_as_mt_translate_leaves_it() -> None:
    of, _ = seen(0)
    text = "  ba\tfi\n"
    assert Inspector(of).inspect(text).translation == of.translate([text])[0]


def test_what_the_model_does_not_know_is_named() -> None:
    of, _ = seen(0)
    found = Inspector(of).inspect("ba 龘 fi")
    assert [found.pieces[place] for place in found.unknown] == ["龘"]
    assert UNK in encoded(of, "ba 龘 fi")[0]


def test_what_ranks_translations_ranks_them_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As --mbr does: the steps follow the hypothesis that `CandidateWriter.rank` puts first."""
    of, plain = seen(0)
    monkeypatch.setattr(CandidateWriter, "rank", lambda _, hypotheses: hypotheses[::-1])
    found = Inspector(of).inspect(TEXT)
    assert found.translation == of.translate([TEXT])[0] == plain.hypotheses[-1].translation
    assert found.hypotheses == plain.hypotheses[::-1]
    assert of.run.tgt_tokenizer.decode([output_ids(of, found)])[0] == found.translation != plain.translation


def test_threads_see_the_same_and_look_at_the_validation_pairs_once(
    toy_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fit = state_sample.sample_pairs

    def counted(run: Run) -> list[tuple[str, str]]:
        calls.append(run)
        return fit(run)

    monkeypatch.setattr(state_sample, "sample_pairs", counted)
    inspector = Inspector(mt.load(toy_run, device="cpu"))
    texts = ["ba de", "fi", "go ku la"] * 2
    found: dict[int, dict[str, Any]] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: inspector.inspect(texts[n]).as_dict()}))
        for n in range(len(texts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    for n in range(3):
        assert found[n] == found[n + 3]


def test_a_member_of_the_archive_is_a_file_of_its_own(tmp_path: Path) -> None:
    """So that what is written does not wait in memory."""
    with open_archive(tmp_path / "x.npz") as archive:
        archive.add({"a": np.arange(3)}, "0/")
        archive.add({"a": np.array("我")}, "1/")
    assert zipfile.ZipFile(tmp_path / "x.npz").namelist() == ["0/a.npy", "1/a.npy"]
    loaded = np.load(io.BytesIO((tmp_path / "x.npz").read_bytes()), allow_pickle=False)
    assert str(loaded["1/a"]) == "我"
