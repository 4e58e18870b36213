#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset attention --vocab-size 5000 --src en --tgt de --threads 1 --out checkpoints/en-de-1 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt train --preset attention --pieces-of checkpoints/en-de-1 --seed 2 --src en --tgt de --threads 1 --out checkpoints/en-de-2 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt train --preset attention --vocab-size 5000 --seed 3 --src en --tgt de --threads 1 --out checkpoints/en-de-3 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt evaluate -m checkpoints/en-de-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz
mt evaluate -m checkpoints/en-de-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --tokenize moses --lowercase
mt evaluate -m checkpoints/en-de-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz
mt evaluate -m checkpoints/en-de-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --tokenize moses --lowercase
mt evaluate -m checkpoints/en-de-3 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz
mt evaluate -m checkpoints/en-de-3 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --tokenize moses --lowercase
