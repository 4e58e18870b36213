#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset attention --no-attend-embedding --vocab-size 5000 --src en --tgt fr --threads 1 --out checkpoints/en-fr-1 \
  --train $DATA/train.en.gz,$DATA/train.fr.gz --validation $DATA/val.en.gz,$DATA/val.fr.gz
mt evaluate -m checkpoints/en-fr-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz
mt evaluate -m checkpoints/en-fr-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz --tokenize moses --lowercase
