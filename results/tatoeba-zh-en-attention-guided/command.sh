#!/bin/sh
# Run from the repository at commit 04e4fb0 (seed 1) and 11abe1c (seeds 2, 3).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --config results/tatoeba-zh-en-attention-guided/seed-1/config.toml --out checkpoints/tatoeba-zh-en-attention-guided-1 --threads 1 \
  --train $DATA/train.tsv --validation $DATA/dev.tsv
mt evaluate -m checkpoints/tatoeba-zh-en-attention-guided-1 --test $DATA/test.tsv --beam 5

mt train --config results/tatoeba-zh-en-attention-guided/seed-2/config.toml --out checkpoints/tatoeba-zh-en-attention-guided-2 --threads 1 \
  --train $DATA/train.tsv --validation $DATA/dev.tsv
mt evaluate -m checkpoints/tatoeba-zh-en-attention-guided-2 --test $DATA/test.tsv --beam 5

mt train --config results/tatoeba-zh-en-attention-guided/seed-3/config.toml --out checkpoints/tatoeba-zh-en-attention-guided-3 --threads 1 \
  --train $DATA/train.tsv --validation $DATA/dev.tsv
mt evaluate -m checkpoints/tatoeba-zh-en-attention-guided-3 --test $DATA/test.tsv --beam 5
