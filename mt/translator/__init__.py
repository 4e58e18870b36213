"""Translating with trained runs: lists of texts -> lists of translations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mt.checkpoint import Run
from mt.config import SearchConfig
from mt.decoding.ensemble import Ensemble
from mt.decoding.hints import HintMaker
from mt.decoding.pausing import Pause, PausingModel, no_pause
from mt.decoding.translation import Candidate, Translation, joined
from mt.errors import ConfigError
from mt.layers.prepack import pack
from mt.search import Hypothesis, Model, Search
from mt.text.characters import one_line, readable, sound, text_list
from mt.text.glossary import Glossary
from mt.text.languages import base_language, find_code, tag
from mt.text.passthrough import nothing_to_translate
from mt.text.sentences import Split, split
from mt.translator.candidates import CandidateWriter
from mt.translator.keeping import NumberKeeper
from mt.translator.searchable import filling, searchable
from mt.translator.transcriber import Transcriber, features_of

if TYPE_CHECKING:
    from mt.data.corpus import Corpus
    from mt.speech.listening import Recording


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
            raise ConfigError(f"--precision int8 is for the CPU, not for {where.type}; leave one of them out")
        if config.mbr != "none" and config.beam < 3:
            raise ConfigError(f"--mbr chooses among hypotheses: give --beam 3 or more (it is {config.beam})")
        models = [run.model for run in runs]
        self.model = models[0] if len(models) == 1 else Ensemble(models).eval()
        if config.precision != "bf16":
            pack(self.model, config.precision)
        if where.type == "cuda" and config.batch_tokens == SearchConfig().batch_tokens:
            config = filling(config, runs, where)
        # What search reads: by CTC too where it helps.
        self.searched: Model = searchable(self.model, runs, config, where)
        # All have the first one's pieces; its languages and lengths are taken for theirs.
        self.run, self.config, self.device = runs[0], config, where
        self.recalled = recalled  # the pairs that the models have a datastore of
        self.glossary: Glossary | None = None
        self.features = features_of(runs[0])
        self.writer = CandidateWriter(self.model, self.run, config, where)
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
        listed = text_list(texts)
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
        found = iter(self.writer.candidates(searched, sources, best, aligned=aligned))
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
        if self.features is None:
            raise ConfigError(f"{self.name} translates text, not sound")
        transcriber = Transcriber(self._pausing(pause), self.features, self.writer)
        return transcriber.transcribe(recordings, nbest, progress, total)

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
        return self.writer.candidates(parts, sources, [rows[:nbest] for rows in found], aligned=aligned)

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
        search = Search(self._pausing(pause), self.config, self.device, markers)
        found = [self.writer.rank(rows) for rows in search.first(sources, hints, progress)]
        if hints is not None:
            found = search.again(sources, hints, found)
        languages = self.run.languages
        keeper = NumberKeeper(parts, prefixes, languages.source, tgt or languages.target, self.glossary)
        found = keeper.again(search, sources, found, self.writer, lambda: self._hint_maker)
        pause()
        return sources, found
