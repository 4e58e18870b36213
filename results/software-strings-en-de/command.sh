#!/bin/sh
# Run from the repository at commit 0d4a7a5.
# DATA: folder with the corpus: train, dev and test.tsv.xz, a pair a line, split by package.
# The first training was stopped after 4,116 steps.
set -eu
: "${DATA:?}"

mt train --config results/software-strings-en-de/first.toml --out checkpoints/strings-first \
  --train $DATA/train.tsv.xz --validation $DATA/dev.tsv.xz
mt train --config results/software-strings-en-de/seed-1/config.toml --out checkpoints/strings \
  --train $DATA/train.tsv.xz --validation $DATA/dev.tsv.xz
mt evaluate -m checkpoints/strings --test $DATA/test.tsv.xz --beam 5
mt evaluate -m checkpoints/strings --calibrate --validation $DATA/dev.tsv.xz
