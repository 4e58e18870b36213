# make help lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := checkpoints/demo
SPEECH := checkpoints/demo-speech
# None of these, nor any sentence with the same content words, is in the training part.
SENTENCES := 我爱北京 你想喝咖啡吗？ 这件毛衣多少钱？ 请给我两杯茶 我妈妈昨天买了三本书。 我哥哥比他高 小红会游泳 上海明天会下雨

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-speech test test-kill test-ranks test-ray test-browser test-wheel test-versions screenshots test-api fuzz-html docs-check check format bench bench-peers clean bench-serve gpu-checks

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(VENV)/.installed  ## make .venv and install mt and its tools into it

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mt needs Python 3.11 or newer; name one: make setup PYTHON=python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup  ## train on the built-in corpus, print BLEU, translate a few sentences (about 2 minutes)
	$(BIN)/mt train --out $(DEMO)
	$(BIN)/mt evaluate -m $(DEMO) --worst 3
	@printf '%s\n' $(SENTENCES) > $(DEMO)/demo.zh
	$(BIN)/mt translate -m $(DEMO) --input $(DEMO)/demo.zh --output $(DEMO)/demo.en
	@paste $(DEMO)/demo.zh $(DEMO)/demo.en

demo-speech: setup  ## let espeak-ng speak digits, train on them, print the error rate, transcribe a few (about 7 minutes)
	$(BIN)/python -m bench.spoken_digits $(SPEECH)/sound
	$(BIN)/mt train --preset speech --train $(SPEECH)/sound/train.tsv --validation $(SPEECH)/sound/validation.tsv \
	  --src en --tgt en --batch-tokens 1500 --max-epochs 9 --out $(SPEECH)/run
	$(BIN)/mt evaluate -m $(SPEECH)/run --test $(SPEECH)/sound/test.tsv --worst 3
	@head -n 6 $(SPEECH)/sound/test.tsv | tail -n 5 | cut -f 2 > $(SPEECH)/spoken
	$(BIN)/mt translate -m $(SPEECH)/run $(SPEECH)/sound/test/[0-4].wav > $(SPEECH)/heard
	@paste $(SPEECH)/spoken $(SPEECH)/heard

test: setup  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -rs --ignore tests/browser --ignore tests/cluster

test-kill: setup  ## kill -9 at twenty instants of a training, and twenty times one (about 10 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.kill

test-ranks: setup  ## kill, stop and change the processes of trainings under torchrun (about 5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.kill_ranks

test-ray: setup  ## mt translate --ray on a local Ray, one of whose actors is killed, and tables; needs the extra ray
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs tests/cluster

test-browser: browser  ## run the page's tests in chromium and firefox
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs tests/browser

screenshots: browser  ## take the pictures in docs/images again, with the demo's run (after make demo)
	$(BIN)/python -m tests.browser.screenshots -m $(DEMO)
	$(BIN)/mt inspect -m $(DEMO) --picture docs/images/picture.png --json "我爱北京" > /dev/null

.PHONY: browser
browser: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	@{ { command -v chromium || command -v chromium-browser; } && { command -v firefox-esr || command -v firefox; }; } \
	  >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get -qq update && \
	    apt-get -qq install -y chromium firefox-esr fonts-noto-cjk; } || \
	  echo "a browser is not here and cannot be installed from here: its tests are skipped" >&2

test-wheel: setup  ## install the wheel into an empty environment of each Python at hand, or of PYTHONS, and use it
	$(BIN)/python -m tests.wheel $(PYTHONS)

test-api: setup  ## schemathesis, installed beside mt, against the server's OpenAPI (about 2 minutes)
	test -x .venv-api/bin/st || { $(PYTHON) -m venv .venv-api && \
	  .venv-api/bin/python -m pip install --quiet --disable-pip-version-check 'schemathesis>=4'; }
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.serve.fuzz .venv-api/bin/st

fuzz-html: setup  ## random broken markup through the reading and writing of HTML, for ten minutes
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz_html --minutes 10

docs-check: setup  ## run the commands that README.md and docs/ show, on small data (about 5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.docs_check

test-versions:  ## run the tests with the lowest and the newest versions that pyproject.toml admits
	$(PYTHON) -m tests.versions

check: setup  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## rewrite the code in the project's style
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

bench: setup  ## measure training and translating speed on this machine
	$(BIN)/python -m bench $(if $(DEVICE),--device $(DEVICE))

gpu-checks: setup  ## on a machine with a GPU: search with CUDA graphs and without, beside the CPU, and a minute of training (10 minutes)
	$(BIN)/python -m bench.gpu_checks

bench-serve: setup  ## measure mt serve under load and attack, with the demo's run (CHECKOUT=DIR: beside another one; ONLY=load|attacks)
	test -d $(DEMO) || $(BIN)/mt train --out $(DEMO)
	$(BIN)/python -m bench.bench_serve -m $(DEMO) $(if $(CHECKOUT),--checkout $(CHECKOUT)) $(if $(ONLY),--only $(ONLY))

bench-peers: setup  ## install Joey NMT and OpenNMT-py beside mt and measure mt against them
	$(BIN)/python -m bench.peers

clean:  ## remove environments and caches; runs and corpora stay
	rm -rf $(VENV) .venv-api .venv-lowest .venv-newest .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
