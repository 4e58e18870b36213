#!/bin/sh
# Run from the repository at commit 11abe1c.
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --config results/multi30k-en-de-attention-guided/seed-1/config.toml --out checkpoints/multi30k-en-de-attention-guided-1 --threads 1 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt evaluate -m checkpoints/multi30k-en-de-attention-guided-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5
mt evaluate -m checkpoints/multi30k-en-de-attention-guided-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5 --tokenize moses --lowercase

mt train --config results/multi30k-en-de-attention-guided/seed-2/config.toml --out checkpoints/multi30k-en-de-attention-guided-2 --threads 1 \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt evaluate -m checkpoints/multi30k-en-de-attention-guided-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5
mt evaluate -m checkpoints/multi30k-en-de-attention-guided-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5 --tokenize moses --lowercase
