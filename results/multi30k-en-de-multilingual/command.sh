#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset attention --vocab-size 8000 --max-epochs 6 --threads 1 --out checkpoints/many \
  --train en-de=$DATA/train.en.gz,$DATA/train.de.gz en-fr=$DATA/train.en.gz,$DATA/train.fr.gz en-cs=$DATA/train.en.gz,$DATA/train.cs.gz \
  --validation en-de=$DATA/val.en.gz,$DATA/val.de.gz en-fr=$DATA/val.en.gz,$DATA/val.fr.gz en-cs=$DATA/val.en.gz,$DATA/val.cs.gz
mt evaluate -m checkpoints/many --test en-de=$DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz
