#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --preset manual --src en --tgt zh --threads 1 --train $DATA/train --validation $DATA/dev --out checkpoints/docs
mt evaluate -m checkpoints/docs --test $DATA/test
