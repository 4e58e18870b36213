"""What each command takes beside the settings of `config`: where to read, where to write, on what device."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mt.config import DatastoreConfig
from mt.config.fields import Count, File, Language, Metavar, Positive, PositiveFloat, RunDir, Section, Spec
from mt.config.speech import Name
from mt.config.values import DocumentFormat, Duration, HostAndPort, Network, Shard


class Device(Section):
    """Device and log."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto is CUDA if it is available, else the CPU"""
    threads: Positive | None = None
    """CPU threads (default: one for each core)"""
    log_file: File | None = None
    """Append every line of stderr to this file, with its time"""


class TrainOptions(Device):
    """The run."""

    out: RunDir | None = None
    """Run directory (default: named after corpus and languages, under checkpoints/). The same command
    continues a run that was interrupted"""
    preset: Annotated[str, Metavar("NAME")] | None = None
    """Named settings to start from (default: vector; phrasebook for the built-in corpus)"""
    config: File | None = None
    """TOML file with settings, such as a run's config.toml. It overrides the preset, flags override both"""
    time_budget: Duration | None = None
    """Stop after this time and keep the best weights. Such as 90s, 30m or 1h30m; a number alone is seconds.
    The time of all commands of a run counts, the last validation included"""
    seeds: tuple[Count, ...] = ()
    """Train N times, with the seeds 1 to N, in run directories NAME-1, NAME-2 …, with one tokenizer. Several
    numbers are the seeds themselves"""
    workers: Positive | None = None
    """Processes that read and encode a large corpus (default: one for each core)"""
    timeout: Annotated[Duration, Field(gt=0)] = 600.0
    """Under torchrun, with several processes: give up when one of them does not answer for this long"""
    tensorboard: bool = False
    """Also write the numbers of metrics.jsonl for TensorBoard, into the run directory"""


class RunOptions(DatastoreConfig, Device):
    """Model."""

    model: tuple[RunDir, ...] = ()
    """Run directory (default: the newest under checkpoints/). Several translate together as an ensemble:
    -m A -m B"""


class OneRunOptions(RunOptions):
    """A single run."""

    model: tuple[RunDir, ...] = ()
    """Run directory (default: the newest under checkpoints/)"""


class TermOptions(Section):
    """Terms."""

    glossary: tuple[File, ...] = ()
    """Terms and their translations, which the output must hold: .tsv, .csv or .tbx. A term with the same
    text on both sides is never translated"""


class DoubtOptions(Section):
    """Doubtful translations."""

    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """Translations of a lower confidence than this, 0 to 1, are doubtful; needs mt evaluate --calibrate"""
    on_doubt: Literal["flag", "empty", "source"] = "flag"
    """What to write for a doubtful translation. flag: the translation, and the reasons in --json; empty:
    nothing; source: the source text"""


class DocumentOptions(Section):
    """Documents."""

    format: DocumentFormat | None = None
    """What the input is (default: by its name; .txt is text in lines). lines: a line in, a line out. text:
    paragraphs, whose lines are joined and wrapped again"""
    memory: tuple[Spec, ...] = ()
    """Translation memory: take the translations of the same texts from it, and adapt those of texts that
    differ only in numbers or placeholders. May be given several times; earlier ones come first"""
    all: bool = False
    """In catalogues and other files with both languages, also translate what has a translation"""
    fuzzy: bool = False
    """Mark all new translations as fuzzy, or as in need of review"""
    column: tuple[Annotated[str, Metavar("NAME")], ...] = ()
    """Column of a table to translate, by its name or its number from 1. May be given several times"""


class TranslateOptions(DocumentOptions, TermOptions, DoubtOptions, RunOptions):
    """Input and output."""

    texts: tuple[str, ...] = ()
    """Texts to translate. Without them the lines of the input are read"""
    input: File | None = None
    """Translate this file (default: standard input). Its name says whether it is a document (.po, .srt, .docx
    …) or text in lines; a folder or a quoted pattern such as 'docs/*.po' is several documents"""
    output: File | None = None
    """Write to this file, which is replaced when everything is translated (default: standard output). Where
    the input is several documents it is a folder"""
    prefix: File | None = None
    """File of beginnings: each line is what the translation of an input line begins with; blank for none"""
    tgt: Language | None = None
    """Target language, for a model with several"""
    nbest: Positive = 1
    """Translations of each line, best first; at most the beam size"""
    scores: bool = False
    """Write the score and a TAB before each translation"""
    alignments: bool = False
    """Write the word alignment after each translation, in Pharaoh format; needs attention"""
    as_json: bool = False
    """Write a JSON object for each line: id, source, translation, score, hypotheses, confidence, doubts. Of
    documents: their numbers of segments and words, from memory, translated, flagged, left empty"""

    shard: Shard | None = None
    """Translate the N-th of M parts of --input, a file or a folder, plain or compressed. Any machine may
    translate any part, and the same command resumes a part. --join puts the parts together"""
    join: bool = False
    """Check the parts that --shard has translated and join them into --output"""
    ray: Annotated[str, Metavar("ADDRESS")] | None = None
    """Translate --input on a Ray cluster: local starts one here, auto joins the one this machine belongs to.
    Text is translated as with --shard; JSONL and Parquet become a folder of their rows with translations"""
    actors: Positive | None = None
    """Processes of --ray that translate (default: one for each GPU, or for each core)"""


class LookOptions(OneRunOptions):
    """Input and output."""

    texts: tuple[str, ...] = ()
    """Texts to look at. Without them the lines of standard input are read"""
    tgt: Language | None = None
    """Target language, for a model with several"""
    as_json: bool = False
    """Write a JSON object for each text"""


class InspectOptions(LookOptions):
    """Input and output."""

    npz: File | None = None
    """Also write all numbers to this file, as numpy arrays"""
    picture: File | None = None
    """Also draw the text or recording as a picture: .png, .svg or .html; needs matplotlib"""
    by_hand: bool = False
    """Compute one step of h' = f(W·x + b + U·h + B) by hand, with the weights of a model with --cell rnn"""


class NeighboursOptions(LookOptions):
    """Input and output."""

    corpus: Spec | None = None
    """Pairs to search"""
    count: Positive = 10
    """Number of neighbours"""


class ServeOptions(DatastoreConfig, TermOptions, Device):
    """Server."""

    model: tuple[Annotated[str, Metavar("RUN")], ...] = ()
    """Run directory (default: the newest under checkpoints/). Several serve several language pairs;
    zh-en=RUN names the languages of one"""
    ensemble: bool = False
    """Let runs of the same language pair translate together"""
    host: Annotated[str, Metavar("ADDRESS")] = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is all of them"""
    port: Annotated[int, Field(ge=0, le=65535)] = 5000
    """Port to listen on; 0 chooses a free one"""
    api_keys: File | None = None
    """Reject requests without a valid key. The file has one key a line, each with its own requests a
    minute if wanted"""
    trusted_proxies: tuple[Network, ...] = ()
    """Addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted"""
    allowed_hosts: tuple[Annotated[str, Metavar("HOST")], ...] = ()
    """Answer only requests whose Host header is one of these (default: any). *.example.org is every name
    below it"""
    cors_origins: tuple[Annotated[str, Metavar("ORIGIN")], ...] = ()
    """Pages that may use the server from a browser, such as https://example.org (default: all)"""
    metrics_address: HostAndPort | None = None
    """Serve /metrics at this address alone. Without it, /metrics of a server with --api-keys needs a key"""
    char_limit: Count = 5000
    """Maximum characters in a text; 0 is no limit"""
    batch_limit: Count = 100
    """Maximum texts in a request; 0 is no limit"""
    seconds_limit: PositiveFloat = 60.0
    """Maximum length of a recording, in seconds"""
    rate_limit: Count = 0
    """Maximum requests a minute for each client or key; 0 is no limit"""
    queue_limit: Positive = 2000
    """Maximum sentences in the queue, half of them of one client; further requests are rejected"""
    log_requests: bool = False
    """Log method, route, status and time of each request, never its text"""


class ValidationOptions(RunOptions):
    """Validation pairs and output."""

    validation: tuple[Spec, ...] = ()
    """Pairs to measure on (default: the run's own validation pairs)"""
    as_json: bool = False
    """Write a JSON object instead of a table"""


class CalibrateOptions(ValidationOptions):
    """Validation pairs and output."""

    good_chrf: Annotated[float, Field(gt=0, le=100)] = 60.0
    """Translations with at least this chrF against their references are good"""
    good_exact: bool = False
    """Only translations that equal their references are good: for short strings"""


class ReferenceOptions(Section):
    """Test pairs."""

    test: tuple[Spec, ...] = ()
    """Test pairs (default: the test part of the built-in corpus, for a run trained on it)"""
    test_set: Annotated[str, Metavar("NAME")] | None = None
    """A test set of sacreBLEU, such as multi30k/2016; needs --language-pair"""
    language_pair: Annotated[str, Metavar("SRC-TGT")] | None = None
    """Language pair of the test set, such as en-de"""
    src: Language | None = None
    """Source language (default: the run's)"""
    tgt: Language | None = None
    """Target language (default: the run's). It chooses the tokeniser of BLEU"""
    swap: bool | None = None
    """Exchange source and target (default: as in training). It has no effect where the corpus names its
    languages"""


class EvaluateOptions(ReferenceOptions, TermOptions, RunOptions):
    """What to score."""

    audio_column: Name | None = None
    """Column of the test table that names the recordings (default: the run's)"""
    text_column: Name | None = None
    """Column of the test table that holds the texts of the recordings (default: the run's)"""
    hypotheses: File | None = None
    """Score this file, one translation a line, instead of a model's translations"""
    against: tuple[RunDir, ...] = ()
    """Compare with another run or file of translations by paired bootstrap. May be given several times"""
    runs: tuple[tuple[RunDir, ...], ...] = ()
    """Runs of one system with several seeds: scores, mean and standard deviation. May be given once for
    each system"""
    tokenize: Annotated[str, Metavar("NAME")] | None = None
    """Tokeniser of BLEU (default: that of the target language: zh, ja-mecab, ko-mecab, char or 13a). moses
    is the one of lower-cased, tokenised tables"""
    lowercase: bool = False
    """Ignore case"""
    bootstrap: Count = 1000
    """Resamples for the 95 % interval and the p-value; 0 turns the interval off"""
    worst: Count = 5
    """Number of worst sentences to show"""
    save: File | None = None
    """Write the translations to this file (default: a file in the run directory)"""
    as_json: bool = False
    """Write a JSON object"""
    markdown: bool = False
    """Write a Markdown table"""
    latex: bool = False
    """Write a LaTeX table for the package booktabs"""


class ReportOptions(ReferenceOptions, OneRunOptions):
    """Output."""

    save: File | None = None
    """Write the page to this file (default: report.html in the run directory)"""
