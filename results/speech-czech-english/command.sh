#!/bin/sh
# The recordings of results/speech-czech, with English texts: 1,322 train (1.27 hours).
mt train --preset speech --train cs/train.tsv --validation cs/dev.tsv --text-column en --src cs --tgt en \
  --validation-metric bleu --threads 1 --validate-every 1000 --max-epochs 16 --out checkpoints/fillets-en
mt evaluate -m checkpoints/fillets-en --test cs/test.tsv --threads 1
