#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset attention --no-attend-embedding --vocab-size 5000 --src zh --tgt en --threads 1 --out checkpoints/zh-en-0 \
  --train $DATA/train.tsv --validation $DATA/dev.tsv
mt evaluate -m checkpoints/zh-en-0 --datastore $DATA/train.tsv --against checkpoints/zh-en-0 --test $DATA/test.tsv
