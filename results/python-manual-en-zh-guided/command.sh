#!/bin/sh
# Run from the repository at commit 11abe1c.
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

mt train --config results/python-manual-en-zh-guided/seed-1/config.toml --out checkpoints/python-manual-en-zh-guided-1 --threads 1 \
  --train $DATA/train --validation $DATA/dev
mt evaluate -m checkpoints/python-manual-en-zh-guided-1 --test $DATA/test --beam 5

mt train --config results/python-manual-en-zh-guided/seed-2/config.toml --out checkpoints/python-manual-en-zh-guided-2 --threads 1 \
  --train $DATA/train --validation $DATA/dev
mt evaluate -m checkpoints/python-manual-en-zh-guided-2 --test $DATA/test --beam 5

mt train --config results/python-manual-en-zh-guided/seed-3/config.toml --out checkpoints/python-manual-en-zh-guided-3 --threads 1 \
  --train $DATA/train --validation $DATA/dev
mt evaluate -m checkpoints/python-manual-en-zh-guided-3 --test $DATA/test --beam 5
