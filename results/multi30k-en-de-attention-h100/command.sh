#!/bin/sh
# Run from the repository at commit 3c47f49.
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --config results/multi30k-en-de-attention-h100/seed-1/config.toml --out checkpoints/multi30k-en-de-attention-h100-1 --device cuda --threads 2 --time-budget 380s \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt evaluate -m checkpoints/multi30k-en-de-attention-h100-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5
mt evaluate -m checkpoints/multi30k-en-de-attention-h100-1 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5 --tokenize moses --lowercase
mt train --config results/multi30k-en-de-attention-h100/seed-2/config.toml --out checkpoints/multi30k-en-de-attention-h100-2 --device cuda --threads 2 --time-budget 380s \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt evaluate -m checkpoints/multi30k-en-de-attention-h100-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5
mt evaluate -m checkpoints/multi30k-en-de-attention-h100-2 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5 --tokenize moses --lowercase
mt train --config results/multi30k-en-de-attention-h100/seed-3/config.toml --out checkpoints/multi30k-en-de-attention-h100-3 --device cuda --threads 2 --time-budget 380s \
  --train $DATA/train.en.gz,$DATA/train.de.gz --validation $DATA/val.en.gz,$DATA/val.de.gz
mt evaluate -m checkpoints/multi30k-en-de-attention-h100-3 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5
mt evaluate -m checkpoints/multi30k-en-de-attention-h100-3 --test $DATA/test_2016_flickr.en.gz,$DATA/test_2016_flickr.de.gz --beam 5 --tokenize moses --lowercase
