#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset vector --vocab-size 5000 --src de --tgt en --threads 1 --out checkpoints/vector-de-en \
  --train $DATA/train.de.gz,$DATA/train.en.gz --validation $DATA/val.de.gz,$DATA/val.en.gz
mt evaluate -m checkpoints/vector-de-en --test $DATA/test_2016_flickr.de.gz,$DATA/test_2016_flickr.en.gz
mt evaluate -m checkpoints/vector-de-en --test $DATA/test_2016_flickr.de.gz,$DATA/test_2016_flickr.en.gz --tokenize moses --lowercase
