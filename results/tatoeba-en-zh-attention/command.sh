#!/bin/sh
# The commands of this result, as recorded; they belong to commit 6c0ee25.
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

git checkout 6c0ee25
python -m tests.bench.peer_quality --threads 1 --swap --src en --tgt zh --train $DATA/train.tsv --validation $DATA/dev.tsv --test $DATA/test.tsv
