#!/bin/sh
# Run from the repository at commit 3c47f49.
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --config results/multi30k-de-en-vector-h100/seed-1/config.toml --out checkpoints/multi30k-de-en-vector-h100-1 --device cuda --threads 2 --time-budget 380s \
  --train $DATA/train.de.gz,$DATA/train.en.gz --validation $DATA/val.de.gz,$DATA/val.en.gz
mt evaluate -m checkpoints/multi30k-de-en-vector-h100-1 --test $DATA/test_2016_flickr.de.gz,$DATA/test_2016_flickr.en.gz --beam 5
mt evaluate -m checkpoints/multi30k-de-en-vector-h100-1 --test $DATA/test_2016_flickr.de.gz,$DATA/test_2016_flickr.en.gz --beam 5 --tokenize moses --lowercase
