"""Batches: padding, the frame of bos and eos, and the plan that resuming rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.data.batches import collate, cut_by_tokens
from mt.data.plan import Plan, _order

lengths = st.lists(st.integers(1, 40), min_size=1, max_size=80)


def test_a_batch_by_hand() -> None:
    batch = collate(
        [np.array([5, 6]), np.array([7])], [np.array([8]), np.array([9, 10])], pad_id=0, bos_id=2, eos_id=3
    )
    assert batch.src.tolist() == [[5, 6, 3], [7, 3, 0]]
    assert batch.src_lengths.tolist() == [3, 2]
    assert batch.tgt_in.tolist() == [[2, 8, 0], [2, 9, 10]]
    assert batch.tgt_out.tolist() == [[8, 3, 0], [9, 10, 3]]


@given(lengths, st.integers(1, 200), st.integers(0, 3))
def test_a_plan_holds_every_row_once_and_keeps_the_budget(rows: list[int], budget: int, epoch: int) -> None:
    src, tgt = np.array(rows), np.array(rows[::-1])
    batches = Plan(src, tgt, batch_tokens=budget, seed=4, epoch=epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(rows)))
    for batch in batches:
        longest = max(src[batch].max(), tgt[batch].max()) + 1
        assert len(batch) == 1 or len(batch) * longest <= budget


def test_the_plan_is_a_function_of_seed_and_epoch() -> None:
    src = np.random.default_rng(0).integers(3, 30, 300)
    plans = {
        (seed, epoch): [batch.tolist() for batch in Plan(src, src, batch_tokens=200, seed=seed, epoch=epoch)]
        for seed in (1, 2)
        for epoch in (1, 2)
    }
    again = [batch.tolist() for batch in Plan(src, src, batch_tokens=200, seed=1, epoch=2)]
    assert again == plans[1, 2]
    assert len({str(batches) for batches in plans.values()}) == 4


def test_hardly_any_padding_is_computed() -> None:
    """Captions of 5 to 40 pieces, 1,000 tokens a batch: over 92 % of positions are real, on both sides."""
    generator = np.random.default_rng(1)
    tgt = generator.integers(5, 41, 10_000)
    src = np.maximum(1, tgt * generator.uniform(0.7, 1.4, 10_000)).astype(int)
    batches = Plan(src, tgt, batch_tokens=1000, seed=1, epoch=1)
    for side in (src, tgt):
        assert (side + 1).sum() / sum(len(batch) * (int(side[batch].max()) + 1) for batch in batches) > 0.92


def test_a_plan_of_many_shards_is_whole_and_read_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shard has blocks of the whole corpus; a slice may reach over shards."""
    monkeypatch.setattr("mt.data.plan._SHARD", 100)
    monkeypatch.setattr("mt.data.plan._BLOCK", 8)
    lengths = np.random.default_rng(0).integers(3, 30, 730)
    plan = Plan(lengths, lengths, batch_tokens=300, seed=1, epoch=3)
    batches = [batch.tolist() for batch in plan]
    assert sorted(row for batch in batches for row in batch) == list(range(730))
    assert [batch.tolist() for batch in plan[7:20]] == batches[7:20]
    assert [plan[position].tolist() for position in (30, 2, -1)] == [batches[30], batches[2], batches[-1]]
    with pytest.raises(IndexError):
        plan[len(batches)]
    first, last = (np.concatenate(part) for part in (batches[:5], batches[-5:]))
    for rows in (first, last):
        assert rows.min() < 100
        assert rows.max() > 630
    other = Plan(lengths, lengths, batch_tokens=300, seed=1, epoch=4)
    assert {tuple(batch) for batch in batches}.isdisjoint({tuple(batch.tolist()) for batch in other})


def test_two_keys_are_sorted_as_one_number() -> None:
    generator = np.random.default_rng(0)
    for highest in (3, 2**16 - 1):
        first, then = generator.integers(0, highest + 1, (2, 500)).astype(np.uint16)
        first[:2], then[:2] = highest, (highest, 0)
        np.testing.assert_array_equal(_order(first, then), np.lexsort((then, first)))


def test_the_order_of_batches_has_nothing_to_do_with_length() -> None:
    """Rows are sorted to make batches, which must not come in that order: the shortest first, or last."""
    rows = np.arange(1, 41).repeat(20)
    for epoch in (1, 2, 3):
        longest = [
            int(rows[batch].max()) for batch in Plan(rows, rows, batch_tokens=200, seed=1, epoch=epoch)
        ]
        assert len(longest) > 50
        assert abs(np.corrcoef(range(len(longest)), longest)[0, 1]) < 0.3
        assert abs(np.corrcoef(longest[1:], longest[:-1])[0, 1]) < 0.3


def test_neighbours_change_from_epoch_to_epoch() -> None:
    same = np.full(64, 10)
    first, second = (
        {frozenset(batch.tolist()) for batch in Plan(same, same, batch_tokens=80, seed=1, epoch=epoch)}
        for epoch in (1, 2)
    )
    assert first != second


@pytest.mark.parametrize(
    ("rows", "budget", "cuts"),
    [([2, 2, 2], 4, [2]), ([9], 4, []), ([9, 1, 1], 4, [1]), ([], 4, []), ([1, 5], 9, [1])],
)
def test_cuts_by_hand(rows: list[int], budget: int, cuts: list[int]) -> None:
    assert cut_by_tokens(np.array(rows, dtype=int), budget) == cuts


def test_batches_of_a_multiple_of_rows() -> None:
    """Ten tokens of budget: five rows of two would fit, four are a multiple; three rows of three are none."""
    assert cut_by_tokens(np.array([2] * 14), 10, multiple=4) == [4, 8, 12]
    assert cut_by_tokens(np.array([3] * 7), 10, multiple=4) == [3, 6]
    assert cut_by_tokens(np.array([1, 1, 1, 1, 1, 2, 9]), 10, multiple=4) == [4, 6]
    assert cut_by_tokens(np.array([1] * 7 + [9]), 10, multiple=4) == [4, 7]
