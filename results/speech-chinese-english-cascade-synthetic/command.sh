#!/bin/sh
# SYNTHETIC speech: see results/speech-chinese-synthetic, whose recogniser and data this uses.
# DATA/zh-train.tsv: the 16,000 pairs whose Chinese sides are read there; zh-validation.tsv: 1,000 of the validation part.
# heard.tsv: the 500 transcripts of that recogniser (hypotheses-1.txt), each beside the English of what was said.
set -eu
: "${DATA:?}"

mt train --preset phrasebook --train $DATA/zh-train.tsv --validation $DATA/zh-validation.tsv --src zh --tgt en --threads 1 \
  --out checkpoints/speech-cascade-text
mt evaluate -m checkpoints/speech-cascade-text --test $DATA/heard.tsv
