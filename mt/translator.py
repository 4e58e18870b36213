"""Translating with trained runs: lists of texts -> lists of translations."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mt import device
from mt.checkpoint import Run, load_runs, newest_run
from mt.config import DatastoreConfig, SearchConfig
from mt.console import Console
from mt.decoding.alignment import align
from mt.decoding.ensemble import Ensemble
from mt.decoding.hints import HintMaker
from mt.decoding.pausing import Pause, PausingModel, no_pause
from mt.decoding.translation import NOT_ALIGNED, Aligned, Candidate, HeardPart, Translation, heard, joined
from mt.errors import ConfigError
from mt.layers.prepack import pack
from mt.layers.trial import int8_time
from mt.options import RunOptions
from mt.search import Hypothesis, Model, search
from mt.search.batching import tokens_that_fit
from mt.text.characters import one_line, readable, sound
from mt.text.glossary import Glossary
from mt.text.languages import base_language, find_code, tag
from mt.text.passthrough import nothing_to_translate
from mt.text.sentences import Split, split

if TYPE_CHECKING:
    from mt.data.corpus import Corpus
    from mt.model import Seq2Seq
    from mt.speech.features import Features
    from mt.speech.listening import Part, Recording

MEMORY, STATES = 0.5, 16  # of a GPU's free memory used by a batch; numbers for a unit, in gates and states
SENTENCES, NOTICEABLE = 64, 1.1  # searched together in the trial of int8; its time, fp32's being 1


def _listed(texts: Iterable[str]) -> list[str]:
    """The texts as a list, of whole characters. Raises TypeError that says what is no text."""
    if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Iterable):
        what = "one string" if isinstance(texts, str) else _told(texts)
        raise TypeError(f"texts is a list of strings, not {what}")
    listed = list(texts)
    for index, text in enumerate(listed):
        if not isinstance(text, str):
            raise TypeError(f"texts[{index}] is {_told(text)}, not a string")
    return [sound(text) for text in listed]


def _features(run: Run) -> Features | None:
    """How the frames of sound are computed; None where the source is text."""
    speech = run.config.speech
    if not speech.sound:
        return None
    from mt.speech.features import Features

    return Features(speech.sample_rate, speech.mel_bands)


def _filling(config: SearchConfig, runs: Sequence[Run], where: torch.device) -> SearchConfig:
    """The settings with batches as large as the memory of a GPU permits."""
    room = MEMORY * device.free_memory(where) / len(runs)
    model = runs[0].config.model
    states = STATES * model.encoder_layers * model.encoder_hidden
    vocab_size = runs[0].tgt_tokenizer.vocab_size
    fitting = tokens_that_fit(room, config, vocab_size=vocab_size, states=states)
    return config.model_copy(update={"batch_tokens": max(config.batch_tokens, fitting)})


def _searched(
    model: Seq2Seq | Ensemble, runs: Sequence[Run], config: SearchConfig, where: torch.device
) -> Model:
    """The model as search reads it. Raises ConfigError for a weight of CTC that has none."""
    joint = model.attends and any(run.model.ctc is not None for run in runs)
    if config.ctc_weight and not joint:
        raise ConfigError("--ctc-weight is for runs that read sound, with attention and CTC: leave it out")
    if not joint or config.ctc_weight == 0:
        if where.type != "cuda":
            return model
        from mt.decoding.step_graph import GraphedModel  # only where there are CUDA graphs

        return GraphedModel(model)
    from mt.decoding.ctc_prefix import CTC_WEIGHT, JointModel

    return JointModel(model, config.ctc_weight or CTC_WEIGHT)


def _told(value: object) -> str:
    """A value that is no text, for a message."""
    return "None" if value is None else f"{value!r:.40} ({type(value).__name__})"


class Translator:
    """Translates with a run, or several as an ensemble. Keeps no state between calls.

    n texts in give n translations out, in order; blank stays blank; what holds nothing to translate, such as
    emoji, numbers, an address, comes out as it went in; no translation holds a line break. A text is split at
    sentence ends, translated in parts and joined: any text of a run whose training sources are single
    sentences, else one that is much longer than those.
    """

    def __init__(
        self, runs: Sequence[Run], config: SearchConfig, where: torch.device, recalled: Corpus | None = None
    ) -> None:
        if config.precision == "int8" and where.type != "cpu":
            raise ConfigError(f"--precision int8 is for the CPU, not for {where.type}; leave one of the two")
        if config.mbr != "none" and config.beam < 3:
            raise ConfigError(f"--mbr chooses among hypotheses: give --beam 3 or more (it is {config.beam})")
        models = [run.model for run in runs]
        self.model = models[0] if len(models) == 1 else Ensemble(models).eval()
        if config.precision != "bf16":
            pack(self.model, config.precision)
        if where.type == "cuda" and config.batch_tokens == SearchConfig().batch_tokens:
            config = _filling(config, runs, where)
        # What search reads: by CTC too where it helps.
        self.searched: Model = _searched(self.model, runs, config, where)
        # All have the first one's pieces; its languages and lengths are taken for theirs.
        self.run, self.config, self.device = runs[0], config, where
        self.recalled = recalled  # the pairs that the models have a datastore of
        self.glossary: Glossary | None = None
        self.features = _features(runs[0])
        self.name = " + ".join(str(run.path) for run in runs)

    def use_glossary(self, *paths: str | Path) -> None:
        """Translate the terms of these files (TSV, CSV, TBX) as they say, from now on.

        Raises CorpusError that names file and line for what cannot be read.
        """
        if not paths:
            self.glossary = None
            return
        from mt.data.glossaries import read_glossary  # and lxml with it, which nothing else here needs

        languages = self.run.languages
        self.glossary = read_glossary(map(Path, paths), languages.source, languages.target)

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages that a model of several can translate into; of others nothing is asked."""
        return self.run.languages.targets

    def tag(self, tgt: str | None) -> str:
        """What is put before a source to be translated into `tgt`, whatever its region.

        Raises ConfigError if it cannot be.
        """
        own = self.run.languages.target
        if not self.targets:
            if tgt is not None and own is not None and base_language(tgt) != base_language(own):
                raise ConfigError(f"{self.name} translates into {own}, not into {tgt}: leave --tgt out")
            return ""
        tgt = own if tgt is None else tgt
        found = None if tgt is None else find_code(tgt, self.targets)
        if found is None:
            other = f", not into {tgt}" if tgt else ""
            raise ConfigError(
                f"{self.name} translates into {', '.join(self.targets)}{other}: choose one by --tgt"
            )
        return tag(found)

    def translate(
        self,
        texts: Iterable[str],
        *,
        tgt: str | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> list[str]:
        """The best translation of each text; `tgt` and `progress` as in `search`."""
        return [translation.text for translation in self.search(texts, nbest=1, tgt=tgt, progress=progress)]

    def check(self, *, nbest: int = 1, aligned: bool = False, tgt: str | None = None) -> None:
        """Raises ConfigError for what `search` cannot do: nbest above the beam, alignments of a model without
        attention, a language that it does not translate into.
        """
        self.config.check_nbest(nbest)
        if aligned and self.features is not None:
            raise ConfigError(
                "--alignments join words to words; mt inspect shows where a recording was heard"
            )
        if aligned and not self.model.attends:
            raise ConfigError(
                "--alignments needs a model with attention; this one reads all from its sentence vector"
            )
        self.tag(tgt)

    def search(
        self,
        texts: Iterable[str],
        *,
        nbest: int,
        aligned: bool = False,
        tgt: str | None = None,
        progress: Callable[[float], None] | None = None,
        prefixes: Sequence[str] | None = None,
    ) -> list[Translation]:
        """Up to `nbest` translations of each text, `aligned` with it if asked, into `tgt`.

        progress: told now and then how much of the texts is translated, 0 to 1. prefixes: what each
        translation begins with, "" where it is free; a text that has one is not split at sentence ends.
        Half of a surrogate pair is read as U+FFFD. Raises TypeError for what are no strings, ConfigError as
        `check` does.
        """
        listed = _listed(texts)
        self.check(nbest=nbest, aligned=aligned, tgt=tgt)
        if self.features is not None:
            recordings = (self.read(name) for name in listed)
            return self.transcribe(recordings, nbest=nbest, progress=progress, total=len(listed))
        begun = [""] * len(listed) if prefixes is None else [readable(prefix) for prefix in prefixes]
        splits = [
            self.split(text, whole=bool(prefix.strip())) for text, prefix in zip(listed, begun, strict=True)
        ]
        kept = {part: nothing_to_translate(part) for parts in splits for part in parts.texts}
        searched = [part for parts in splits for part in parts.texts if not kept[part]]
        starts = [
            prefix
            for prefix, parts in zip(begun, splits, strict=True)
            for part in parts.texts
            if not kept[part]
        ]
        sources, hypotheses = self._search(searched, starts, tgt, progress=progress)
        best = [rows[:nbest] for rows in hypotheses]
        found = iter(self._candidates(searched, sources, best, aligned=aligned))
        into = tgt or self.run.languages.target
        translations = []
        for text, parts in zip(listed, splits, strict=True):
            of_parts = [[Candidate(part)] if kept[part] else next(found) for part in parts.texts]
            count = sum(not kept[part] for part in parts.texts)
            translation = joined(text, parts, of_parts, count, into)
            translations.append(translation if aligned else replace(translation, aligned=()))
        return translations

    def read(self, name: str) -> Recording:
        """The recording of a file, for a run of sound."""
        from mt.speech.listening import read_recording  # and what decodes sound, only where there is some

        assert self.features is not None
        return read_recording(name, self.features.rate)

    def transcribe(
        self,
        recordings: Iterable[Recording],
        *,
        nbest: int = 1,
        progress: Callable[[float], None] | None = None,
        total: int = 0,
        pause: Pause = no_pause,
    ) -> list[Translation]:
        """Up to `nbest` texts of each recording, of a run of sound; long recordings are cut at pauses.

        A recording that could not be read has no text, and the logger `mt` says why. progress, total: as in
        `search`, and the number of recordings. pause: called between steps. Raises ConfigError for a run of
        text.
        """
        from mt.speech.listening import cut, groups

        if self.features is None:
            raise ConfigError(f"{self.name} translates text, not sound")
        model = self._pausing(pause)
        longest, found = float(self.run.metadata["longest_seconds"]), list[Translation]()
        for group in groups(recordings, self.features.rate):
            parts = [cut(one.samples, self.features, longest) for one in group]
            frames = [part.frames for of_one in parts for part in of_one]
            searched = iter(search(model, frames, self.config, self.device))
            for one, of_one in zip(group, parts, strict=True):
                found.append(self._heard(one, of_one, [next(searched) for _ in of_one], nbest))
            if progress is not None:
                progress(len(found) / max(total, len(found)))
        return found

    def _heard(
        self, recording: Recording, parts: Sequence[Part], searched: Sequence[list[Hypothesis]], nbest: int
    ) -> Translation:
        if recording.problem:
            logging.getLogger("mt").warning(recording.problem)
            return replace(heard(recording.name, (), (), None), problem=recording.problem)
        found = []
        for rows in searched:
            ranked = self.rank(rows)[:nbest]
            texts = self._decode(ranked)
            found.append(
                [Candidate(text, row.score, row.log_prob) for text, row in zip(texts, ranked, strict=True)]
            )
        told = [
            HeardPart(round(part.start, 3), round(part.end, 3), rows[0].text, rows[0].score)
            for part, rows in zip(parts, found, strict=True)
        ]
        return heard(recording.name, told, found, self.run.languages.target)

    def _pausing(self, pause: Pause) -> Model:
        return self.searched if pause is no_pause else PausingModel(self.searched, pause)

    @cached_property
    def _hint_maker(self) -> HintMaker:
        return HintMaker(self.run.tgt_tokenizer)

    def split(self, text: str, *, whole: bool = False) -> Split:
        """The text in the parts that are translated by themselves; one with nothing to translate as it is.

        whole: in one part.
        """
        if nothing_to_translate(text):
            line = one_line(sound(text))
            return Split("", (line,), ("",)) if line.strip() else Split(line, (), ())
        run = self.run
        if whole:
            return Split("", (readable(text).strip(),), ("",))
        return split(
            readable(text),
            language=run.languages.source,
            max_chars=run.split_chars,
            by_sentence=run.by_sentence,
        )

    def search_parts(
        self,
        parts: Sequence[str],
        *,
        nbest: int,
        aligned: bool = False,
        tgt: str | None = None,
        pause: Pause = no_pause,
    ) -> list[list[Candidate]]:
        """Up to `nbest` candidates for each of the parts that `split` gives, best first.

        pause: called between steps. Who searches by itself checks by `check` first, and leaves out what holds
        nothing to translate.
        """
        sources, found = self._search(parts, [""] * len(parts), tgt, pause=pause)
        return self._candidates(parts, sources, [rows[:nbest] for rows in found], aligned=aligned)

    def _search(
        self,
        parts: Sequence[str],
        prefixes: Sequence[str],
        tgt: str | None,
        *,
        progress: Callable[[float], None] | None = None,
        pause: Pause = no_pause,
    ) -> tuple[list[list[int]], list[list[Hypothesis]]]:
        """The parts as ids, and the hypotheses of each, best first. prefixes: what each begins with."""
        hints = None
        if self.glossary is not None or any(prefixes):
            hints = self._hint_maker.hints(list(parts), list(prefixes), self.glossary)
        mark = self.tag(tgt)
        sources = self.run.src_tokenizer.encode([mark + part for part in parts])
        markers = self.run.tgt_tokenizer.markers
        model = self._pausing(pause)
        found = search(
            model, sources, self.config, self.device, markers=markers, progress=progress, hints=hints
        )
        pause()
        return sources, [self.rank(rows) for rows in found]

    def _candidates(
        self,
        parts: Sequence[str],
        sources: list[list[int]],
        found: list[list[Hypothesis]],
        *,
        aligned: bool,
    ) -> list[list[Candidate]]:
        """The hypotheses of each part as texts. sources: the parts as ids."""
        looks = (
            self._align(parts, sources, found) if aligned else [[NOT_ALIGNED] * len(rows) for rows in found]
        )
        return [
            [
                Candidate(text, row.score, row.log_prob, look)
                for text, row, look in zip(self._decode(rows, [part] * len(rows)), rows, of_rows, strict=True)
            ]
            for part, rows, of_rows in zip(parts, found, looks, strict=True)
        ]

    def rank(self, hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        """As search ranked them, or by minimum Bayes risk."""
        if self.config.mbr == "none":
            return hypotheses
        from mt.decoding.mbr import rank  # and sacreBLEU with it, which nothing else here needs

        order = rank(self._decode(hypotheses), [row.log_prob for row in hypotheses], self.config.mbr)
        return [hypotheses[index] for index in order]

    def _align(
        self, texts: Sequence[str], sources: list[list[int]], found: list[list[Hypothesis]]
    ) -> list[list[Aligned]]:
        """Each source's hypotheses, aligned; the sources as texts and as ids."""
        flat = [
            (source, rows.ids) for source, found_of in zip(sources, found, strict=True) for rows in found_of
        ]
        pairs = iter(
            align(
                self.model,
                [source for source, _ in flat],
                [ids for _, ids in flat],
                batch_tokens=self.config.batch_tokens,
                device=self.device,
            )
        )
        src, tgt = self.run.src_tokenizer, self.run.tgt_tokenizer
        return [
            [
                Aligned(tuple(src.spell(ids, text)), tuple(tgt.spell(rows.ids, text)), next(pairs))
                for rows in found_of
            ]
            for text, ids, found_of in zip(texts, sources, found, strict=True)
        ]

    def _decode(self, hypotheses: Sequence[Hypothesis], sources: Sequence[str] | None = None) -> list[str]:
        return self.run.tgt_tokenizer.decode([hypothesis.ids for hypothesis in hypotheses], sources)


def open_text_translator(
    what: str, options: RunOptions, config: SearchConfig, console: Console
) -> Translator:
    """As `open_translator`, for `what` works on text alone. Raises ConfigError for a run that reads sound."""
    translator = open_translator(options, config, console)
    if translator.features is not None:
        raise ConfigError(f"{what} works on text, and {translator.name} reads sound")
    return translator


def open_translator(options: RunOptions, config: SearchConfig, console: Console) -> Translator:
    """The runs that a command's options name, or the newest one, on the device they name."""
    where = device.set_up(options.device, options.threads)
    runs = load_runs(options.model or (newest_run(),), where)
    translator = with_datastore(runs, options, config, where, console)
    set_up_process(translator)
    console.note(f"model: {translator.name}; {device.describe(where, config.precision)}")
    warn_if_slower(translator, console)
    return translator


def warn_if_slower(translator: Translator, console: Console) -> None:
    """One line where int8 was asked for and fp32 is the faster on this processor."""
    if translator.config.precision == "int8":
        time = int8_time(translator.model, SENTENCES * translator.config.beam)
        if time is not None and time > NOTICEABLE:
            console.warn(
                f"int8 takes {time:.1f} times as long as fp32 on this processor: leave --precision int8 out"
            )


def set_up_process(translator: Translator) -> None:
    """For a command that translates: freed memory is kept, and faiss uses as many threads as torch."""
    device.keep_memory()
    if translator.recalled is not None:
        from mt.decoding.datastore import share_threads

        share_threads()


def with_datastore(
    runs: Sequence[Run],
    datastore: DatastoreConfig,
    config: SearchConfig,
    where: torch.device,
    console: Console,
) -> Translator:
    """A translator of runs; where pairs are named to be recalled, with a datastore beside each model."""
    if not datastore.datastore:
        return Translator(runs, config, where)
    if runs[0].config.speech.sound:
        raise ConfigError(f"--datastore recalls text, and {runs[0].path} reads sound: leave it out")
    from mt.decoding.datastore import recalling  # and `datasets` with it, which takes its time

    runs, corpus = recalling(runs, datastore, console)
    return Translator(runs, config, where, recalled=corpus)
