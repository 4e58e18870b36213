#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

zcat $DATA/train.de.gz > train.de; zcat $DATA/train.en.gz > train.en
mt train --preset attention --vocab-size 5000 --seed 3 --src en --tgt de --threads 1 --out checkpoints/en-de-3 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt train --preset attention --pieces-of checkpoints/en-de-3 --src de --tgt en --threads 1 --out checkpoints/teacher-de-en \
  --train $DATA/train.de.gz,$DATA/train.en.gz --validation $DATA/val.de.gz,$DATA/val.en.gz
mt translate -m checkpoints/teacher-de-en --precision int8 --threads 1 < train.de > forward.en
mt translate -m checkpoints/en-de-3 --precision int8 --threads 1 < train.en > backward.de
mt train --preset vector --pieces-of checkpoints/en-de-3 --teachers checkpoints/teacher-de-en --max-epochs 8 --src de --tgt en --threads 1 \
  --out checkpoints/vector-taught-1 --validation $DATA/val.de.gz,$DATA/val.en.gz \
  --train train.de,train.en --train train.de,forward.en --train backward.de,train.en
mt evaluate -m checkpoints/vector-taught-1 --test $DATA/test_2016_flickr.de.gz,$DATA/test_2016_flickr.en.gz
mt evaluate -m checkpoints/vector-taught-1 --test $DATA/test_2016_flickr.de.gz,$DATA/test_2016_flickr.en.gz --tokenize moses --lowercase
