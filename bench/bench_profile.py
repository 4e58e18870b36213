"""Where the time of a training step goes, by torch's profiler."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import nn
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile, record_function

from bench.bench_base import Numbers
from bench.bench_model import BareTrainer
from mt.data.batches import IntArray
from mt.layers.dropout import Dropout
from mt.model import Seq2Seq

STEP, DROPOUT = "bench: step", "bench: dropout"

# By the operator's own name, or else by what it is a part of; the first that fits. Dropout's backward is the
# only product of a mask that is worth naming, so it stands for all of those.
OWN = {
    "recurrent layers": r"mkldnn_rnn|aten::(lstm|gru|rnn)|_cudnn_rnn",
    "products": r"aten::(mm|addmm|bmm|baddbmm|mv|addmv)$|mkldnn.*linear",
}
WITHIN = {
    "dropout": rf"^{DROPOUT}$|MulBackward0",
    "softmax and loss": r"_CrossEntropy",
    "optimiser, clipping": r"Optimizer\.(step|zero_grad)|_fused_adam|_foreach|vector_norm",
    "attention's softmax": r"aten::_?softmax|SoftmaxBackward",
    "tanh and its slope": r"aten::tanh|TanhBackward",
    "copies, casts": r"aten::(copy_|_to_copy|to|clone|contiguous|cat|stack|fill_|zero_|zeros)$",
    "lookups, gathers": r"aten::(embedding|index|gather|scatter)|(Embedding|Gather)Backward",
    "sums": r"aten::(sum|add_?)$",
    "python between operators": rf"^{STEP}$",
}


def shares(trainer: BareTrainer, plan: Sequence[IntArray]) -> Numbers:
    """Per cent of the main thread's time in each group of operators, while it learns from a plan."""
    batches = [trainer.make([rows]) for rows in plan]
    handles = _mark_dropout(trainer.model)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for group in batches:
            with record_function(STEP):
                trainer.step(group)
    for handle in handles:
        handle.remove()
    events = profiler.events()
    assert events is not None
    spent: Counter[str] = Counter()
    for event in events:
        spent[group_of(event)] += event.self_cpu_time_total
    whole = spent.total()
    return {f"{name}, % of a step": 100 * time / whole for name, time in spent.most_common()}


def group_of(event: FunctionEvent) -> str:
    """The group that an operator counts in."""
    for group, pattern in OWN.items():
        if re.search(pattern, event.name):
            return group
    names = list(_lineage(event))
    for group, pattern in WITHIN.items():
        among = names[:1] if group == "python between operators" else names
        if any(re.search(pattern, name) for name in among):
            return group
    return "other"


def _lineage(event: FunctionEvent) -> list[str]:
    """Its name, and those of all that it is a part of."""
    found: list[str] = []
    part: FunctionEvent | None = event
    while part is not None:
        found.append(part.name)
        part = part.cpu_parent
    return found


def _mark_dropout(model: Seq2Seq) -> list[Any]:
    """Give the operators of each dropout, numpy's draws too, a common name in the profile."""
    handles = []
    for module in model.modules():
        if isinstance(module, Dropout):
            open_marks: list[record_function] = []
            handles.append(module.register_forward_pre_hook(partial(_enter, open_marks)))
            handles.append(module.register_forward_hook(partial(_leave, open_marks)))
    return handles


def _enter(marks: list[record_function], _module: nn.Module, _inputs: object) -> None:
    mark = record_function(DROPOUT)
    mark.__enter__()  # type: ignore[no-untyped-call]
    marks.append(mark)


def _leave(marks: list[record_function], _module: nn.Module, _inputs: object, _outputs: object) -> None:
    marks.pop().__exit__(None, None, None)
