#!/bin/sh
# SYNTHETIC speech: the recordings of results/speech-chinese-synthetic, beside the English of what is said, and its model.
mt train --preset speech --init checkpoints/speech-chinese-2 --init-parts encoder --src zh --tgt en \
  --train zh-train1/translated.tsv zh-train2/translated.tsv --validation zh-dev/translated.tsv --algorithm unigram \
  --vocab-size 1000 --byte-fallback --ctc 0 --learning-rate 1e-3 --validation-metric bleu --validate-every 1000 \
  --max-epochs 4 --threads 1 --out checkpoints/speech-zh-en
mt evaluate -m checkpoints/speech-zh-en --test zh-test/translated.tsv --threads 1
