#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

# Teachers and students of three sets, de and fr
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
mt train --seed 2 --preset attention --pieces-of checkpoints/en-de-1 --max-epochs 10 --src en --tgt de --threads 1 \
  --out checkpoints/student-2 --validation $DATA/val.en.gz,$DATA/val.de.gz \
  --train train.en,train.de --train train.en,forward.de --train backward.en,train.de
mt train --seed 3 --preset attention --pieces-of checkpoints/en-de-1 --max-epochs 10 --src en --tgt de --threads 1 \
  --out checkpoints/student-3 --validation $DATA/val.en.gz,$DATA/val.de.gz \
  --train train.en,train.de --train train.en,forward.de --train backward.en,train.de
mt train --preset attention --vocab-size 5000 --src en --tgt de --threads 1 --out checkpoints/preset-1 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt train --preset attention --pieces-of checkpoints/en-de-1 --seed 2 --src en --tgt de --threads 1 --out checkpoints/preset-2 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt train --preset attention --no-attend-embedding --vocab-size 5000 --src en --tgt fr --threads 1 --out checkpoints/en-fr-1 \
  --train $DATA/train.en.gz,$DATA/train.fr.gz --validation $DATA/val.en.gz,$DATA/val.fr.gz
mt train --preset attention --pieces-of checkpoints/en-fr-1 --src fr --tgt en --threads 1 --out checkpoints/fr-en-1 \
  --train $DATA/train.fr.gz,$DATA/train.en.gz --validation $DATA/val.fr.gz,$DATA/val.en.gz
zcat $DATA/train.en.gz > train.en; zcat $DATA/train.fr.gz > train.fr
mt translate -m checkpoints/en-fr-1 --precision int8 --threads 1 < train.en > forward.fr
mt translate -m checkpoints/fr-en-1 --precision int8 --threads 1 < train.fr > backward.en
mt train --preset attention --pieces-of checkpoints/en-fr-1 --max-epochs 10 --src en --tgt fr --threads 1 \
  --out checkpoints/student-fr-1 --validation $DATA/val.en.gz,$DATA/val.fr.gz \
  --train train.en,train.fr --train train.en,forward.fr --train backward.en,train.fr
# Four sets of pairs
mt translate -m checkpoints/fr-en-1 --precision int8 --threads 1 < train.fr > from-fr.en
mt translate -m checkpoints/de-en-1 --precision int8 --threads 1 < train.de > from-de.en
mt translate -m checkpoints/preset-1 -m checkpoints/preset-2 -m checkpoints/student-1 -m checkpoints/student-3 \
  --precision int8 --threads 1 < train.en > forward-2.de
mt translate -m checkpoints/en-fr-1 -m checkpoints/student-fr-1 --precision int8 --threads 1 < train.en > forward-2.fr
mt train --preset attention --pieces-of checkpoints/en-de-1 --max-epochs 10 --src en --tgt de --threads 1 \
  --out checkpoints/student-4sets-1 --validation $DATA/val.en.gz,$DATA/val.de.gz \
  --train train.en,train.de --train train.en,forward-2.de --train from-de.en,train.de --train from-fr.en,train.de
mt train --preset attention --pieces-of checkpoints/en-fr-1 --max-epochs 10 --src en --tgt fr --threads 1 \
  --out checkpoints/student-fr-4sets-1 --validation $DATA/val.en.gz,$DATA/val.fr.gz \
  --train train.en,train.fr --train train.en,forward-2.fr --train from-fr.en,train.fr --train from-de.en,train.fr
mt train --seed 2 --preset attention --pieces-of checkpoints/en-fr-1 --max-epochs 10 --src en --tgt fr --threads 1 \
  --out checkpoints/student-fr-4sets-2 --validation $DATA/val.en.gz,$DATA/val.fr.gz \
  --train train.en,train.fr --train train.en,forward-2.fr --train from-fr.en,train.fr --train from-de.en,train.fr
mt train --seed 3 --preset attention --pieces-of checkpoints/en-fr-1 --max-epochs 10 --src en --tgt fr --threads 1 \
  --out checkpoints/student-fr-4sets-3 --validation $DATA/val.en.gz,$DATA/val.fr.gz \
  --train train.en,train.fr --train train.en,forward-2.fr --train from-fr.en,train.fr --train from-de.en,train.fr
mt evaluate -m checkpoints/student-fr-4sets-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz
mt evaluate -m checkpoints/student-fr-4sets-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz --tokenize moses --lowercase
mt evaluate -m checkpoints/student-fr-4sets-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz
mt evaluate -m checkpoints/student-fr-4sets-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz --tokenize moses --lowercase
mt evaluate -m checkpoints/student-fr-4sets-3 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz
mt evaluate -m checkpoints/student-fr-4sets-3 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.fr.gz --tokenize moses --lowercase
