#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset attention --no-attend-embedding --vocab-size 5000 --src en --tgt de --threads 1 --out checkpoints/en-de-1 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt train --preset attention --no-attend-embedding --vocab-size 5000 --src de --tgt en --threads 1 --out checkpoints/de-en-1 \
  --train $DATA/train.de.gz,$DATA/train.en.gz --validation $DATA/val.de.gz,$DATA/val.en.gz
zcat $DATA/train.en.gz > train.en; zcat $DATA/train.de.gz > train.de
mt train --preset attention --no-attend-embedding --pieces-of checkpoints/en-de-1 --seed 2 --src en --tgt de --threads 1 --out checkpoints/en-de-2 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt translate -m checkpoints/en-de-1 -m checkpoints/en-de-2 --precision int8 --threads 1 < train.en > forward.de
mt translate -m checkpoints/de-en-1 --precision int8 --threads 1 < train.de > backward.en
mt train --preset attention --pieces-of checkpoints/en-de-1 --max-epochs 10 --src en --tgt de --threads 1 \
  --out checkpoints/student-1 --validation $DATA/val.en.gz,$DATA/val.de.gz \
  --train train.en,train.de --train train.en,forward.de --train backward.en,train.de
mt train --preset vector --pieces-of checkpoints/en-de-1 --max-epochs 8 --src en --tgt de --threads 1 \
  --out checkpoints/vector-student-1 --validation $DATA/val.en.gz,$DATA/val.de.gz \
  --train train.en,train.de --train train.en,forward.de --train backward.en,train.de
mt evaluate -m checkpoints/vector-student-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz
mt evaluate -m checkpoints/vector-student-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --tokenize moses --lowercase
