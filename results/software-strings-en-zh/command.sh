#!/bin/sh
# Run from the repository at commit 84144d7.
# DATA: folder with the corpus: train, dev and test.tsv.xz, a pair a line, split by package.
# The vocabulary was learned by a run of its own, which Joey NMT shared.
set -eu
: "${DATA:?}"

mt train --preset manual --src en --tgt zh --threads 1 --max-steps 60 \
  --train $DATA/train.tsv.xz --validation $DATA/dev.tsv.xz --out checkpoints/strings-zh-vocabulary
mt train --config results/software-strings-en-zh/seed-1/config.toml --out checkpoints/strings-zh \
  --train $DATA/train.tsv.xz --validation $DATA/dev.tsv.xz
mt evaluate -m checkpoints/strings-zh --test $DATA/test.tsv.xz --beam 5
mt evaluate -m checkpoints/strings-zh --calibrate --validation $DATA/dev.tsv.xz
