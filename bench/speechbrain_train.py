"""Train SpeechBrain's RNN recogniser and transcribe, in its own environment: run as a file, not as a module.

    PYTHON speechbrain_train.py SECONDS FOLDER TRAIN.tsv TEST.tsv...

SECONDS of CPU time for training, on one thread; the learning rate falls to zero within them. The tables have
the columns audio and text. FOLDER gets result.json, and of the first test hypotheses-1.txt (beam search
of the decoder with CTC) and ctc-1.txt (the likeliest symbol of CTC at each step), and so on.
Features, layers, losses, augmentation and search are SpeechBrain's; the sizes, the optimiser and its
schedule are those of mt's preset `speech`.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
import torch
from speechbrain.augment.freq_domain import SpectrogramDrop  # type: ignore[import-not-found]
from speechbrain.augment.time_domain import SpeedPerturb  # type: ignore[import-not-found]
from speechbrain.decoders import S2SRNNBeamSearcher, ctc_greedy_decode  # type: ignore[import-not-found]
from speechbrain.decoders.scorer import CTCScorer, ScorerBuilder  # type: ignore[import-not-found]
from speechbrain.lobes.features import Fbank  # type: ignore[import-not-found]
from speechbrain.lobes.models.CRDNN import CRDNN  # type: ignore[import-not-found]
from speechbrain.nnet.linear import Linear  # type: ignore[import-not-found]
from speechbrain.nnet.losses import ctc_loss, nll_loss  # type: ignore[import-not-found]
from speechbrain.nnet.RNN import LSTM, AttentionalRNNDecoder  # type: ignore[import-not-found]
from speechbrain.processing.features import InputNormalization  # type: ignore[import-not-found]

BLANK, BOS, EOS, SPECIAL = 0, 1, 2, 3
BATCH = 10  # recordings; mt's 3,000 frames hold about as many strings of digits
BEAM, CTC_WEIGHT = 5, 0.3  # as mt searches
LEARNING_RATE, WARM_UP = 2e-3, 200


@dataclass(frozen=True)
class Utterance:
    """A recording (samples,) and its text."""

    sound: torch.Tensor
    text: str


@dataclass(frozen=True)
class Batch:
    """Padded recordings (B, samples) with lengths in parts of the longest, and their texts."""

    sounds: torch.Tensor
    lengths: torch.Tensor
    texts: list[str]

    @classmethod
    def of(cls, utterances: Sequence[Utterance]) -> Batch:
        """Pad to the longest."""
        sounds = [utterance.sound for utterance in utterances]
        lengths = torch.tensor([len(sound) for sound in sounds], dtype=torch.float32)
        padded = torch.nn.utils.rnn.pad_sequence(sounds, batch_first=True)
        return cls(padded, lengths / lengths.max(), [utterance.text for utterance in utterances])


class Recogniser(torch.nn.Module):
    """CRDNN encoder, GRU decoder with location-aware attention, CTC: SpeechBrain's recipe, smaller."""

    def __init__(self, letters: str, sample_rate: int) -> None:
        super().__init__()
        self.letters = letters
        self.features = Fbank(sample_rate=sample_rate, n_mels=80)
        self.normalise = InputNormalization(norm_type="sentence")
        self.speed = SpeedPerturb(sample_rate, speeds=[80, 90, 100, 110, 120])
        self.drop_time = SpectrogramDrop(drop_length_high=30, drop_count_high=2, dim=1)
        self.drop_bands = SpectrogramDrop(drop_length_high=16, drop_count_high=2, dim=2)
        self.encoder = CRDNN(
            input_size=80,
            cnn_channels=[16, 32],
            using_2d_pooling=True,  # a quarter of the steps
            rnn_class=LSTM,
            rnn_layers=2,
            rnn_neurons=128,
            dnn_blocks=1,
            dnn_neurons=256,
        )
        size = SPECIAL + len(letters)
        self.ctc = Linear(input_size=256, n_neurons=size)
        self.embedding = torch.nn.Embedding(size, 128)
        self.decoder = AttentionalRNNDecoder(
            rnn_type="gru",
            attn_type="location",
            hidden_size=224,
            attn_dim=224,
            num_layers=1,
            enc_dim=256,
            input_size=128,
            channels=10,
            kernel_size=100,
            dropout=0.15,
        )
        self.output = Linear(input_size=224, n_neurons=size)

    def encode(self, batch: Batch) -> torch.Tensor:
        """States (B, S, 256)."""
        sounds = self.speed(batch.sounds) if self.training else batch.sounds
        frames = self.normalise(self.features(sounds), batch.lengths)
        if self.training:
            frames = self.drop_bands(self.drop_time(frames))
        states: torch.Tensor = self.encoder(frames)
        return states

    def loss(self, batch: Batch) -> torch.Tensor:
        """Half CTC, half the decoder's cross-entropy with label smoothing."""
        states = self.encode(batch)
        ids = [
            torch.tensor([SPECIAL + self.letters.index(letter) for letter in text]) for text in batch.texts
        ]
        lengths = torch.tensor([len(row) for row in ids], dtype=torch.float32)
        targets = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
        lasts = torch.nn.functional.pad(targets, (0, 1))
        lasts[torch.arange(len(ids)), lengths.long()] = EOS
        firsts = torch.nn.functional.pad(targets, (1, 0), value=BOS)
        decoded, _ = self.decoder(self.embedding(firsts), states, batch.lengths)
        spelled = nll_loss(
            self.output(decoded).log_softmax(-1),
            lasts,
            length=(lengths + 1) / (lengths.max() + 1),
            label_smoothing=0.1,
        )
        heard = self.ctc(states).log_softmax(-1)
        by_ctc = ctc_loss(heard, targets, batch.lengths, lengths / lengths.max(), blank_index=BLANK)
        total: torch.Tensor = 0.5 * by_ctc + 0.5 * spelled
        return total


def read_table(path: Path) -> tuple[list[Utterance], int]:
    """The recordings of a table, and their sample rate."""
    found, rate = [], 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            sound, rate = soundfile.read(path.parent / row["audio"], dtype="float32")
            found.append(Utterance(torch.from_numpy(sound), row["text"]))
    return found, rate


def endless(utterances: Sequence[Utterance], draw: random.Random) -> Iterator[Batch]:
    """Batches of recordings of like length, epoch after epoch, in drawn order."""
    ordered = sorted(utterances, key=lambda utterance: len(utterance.sound))
    starts = list(range(0, len(ordered), BATCH))
    while True:
        draw.shuffle(starts)
        for start in starts:
            yield Batch.of(ordered[start : start + BATCH])


def train(model: Recogniser, utterances: Sequence[Utterance], seconds: float) -> int:
    """Train for so many seconds of CPU time; returns the number of updates."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    batches, began, step = endless(utterances, random.Random(1)), time.process_time(), 0
    while (done := (time.process_time() - began) / seconds) < 1:
        step += 1
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * min(step / WARM_UP, 1 - done)
        optimizer.zero_grad()
        loss = model.loss(next(batches))
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}, loss {loss.item():.3f}, {100 * done:.0f} %", file=sys.stderr, flush=True)
    return step


def transcribe(model: Recogniser, utterances: Sequence[Utterance]) -> list[str]:
    """Texts by beam search of the decoder with CTC."""
    weights = {"ctc": CTC_WEIGHT}
    scorer = ScorerBuilder(
        full_scorers=[CTCScorer(model.ctc, blank_index=BLANK, eos_index=EOS)], weights=weights
    )
    searcher = S2SRNNBeamSearcher(
        embedding=model.embedding,
        decoder=model.decoder,
        linear=model.output,
        bos_index=BOS,
        eos_index=EOS,
        min_decode_ratio=0.0,
        max_decode_ratio=1.0,
        beam_size=BEAM,
        scorer=scorer,
        using_eos_threshold=False,  # as in SpeechBrain's recipes that search with CTC
    )
    texts = []
    with torch.inference_mode():
        for start in range(0, len(utterances), BATCH):
            batch = Batch.of(utterances[start : start + BATCH])
            found, _, _, _ = searcher(model.encode(batch), batch.lengths)
            texts += ["".join(model.letters[id_ - SPECIAL] for id_ in row if id_ >= SPECIAL) for row in found]
    return texts


def transcribe_by_ctc(model: Recogniser, utterances: Sequence[Utterance]) -> list[str]:
    """Texts of the likeliest symbol at each step, repetitions and blanks left out."""
    texts: list[str] = []
    with torch.inference_mode():
        for start in range(0, len(utterances), BATCH):
            batch = Batch.of(utterances[start : start + BATCH])
            found = ctc_greedy_decode(model.ctc(model.encode(batch)), batch.lengths, blank_id=BLANK)
            texts += ["".join(model.letters[id_ - SPECIAL] for id_ in row if id_ >= SPECIAL) for row in found]
    return texts


def main() -> None:
    """Train, transcribe, and write what was found."""
    seconds, folder, table, *tests = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(1)
    utterances, rate = read_table(Path(table))
    letters = "".join(sorted({letter for utterance in utterances for letter in utterance.text}))
    model = Recogniser(letters, rate)
    updates = train(model, utterances, float(seconds))
    model.eval()
    searching: dict[str, list[float]] = {}
    for name, search in (("ctc", transcribe_by_ctc), ("hypotheses", transcribe)):
        for number, test in enumerate(tests, start=1):
            began = time.process_time()
            texts = search(model, read_table(Path(test))[0])
            searching.setdefault(name, []).append(time.process_time() - began)
            (Path(folder) / f"{name}-{number}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    weights = sum(parameter.numel() for parameter in model.parameters())
    result: dict[str, object] = {
        "weights": weights,
        "updates": updates,
        "epochs": updates * BATCH / len(utterances),
    }
    result |= {"cpu_seconds": float(seconds), "search_cpu_seconds": searching}
    (Path(folder) / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
