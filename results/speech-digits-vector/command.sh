# Single takes of the Free Spoken Digit Dataset, 8 kHz: 1,800 real ones, and 572 that espeak-ng speaks.
mt train --preset speech-vector --train digits/train-iso.tsv synthetic/iso-synth.tsv --validation digits/dev-iso.tsv \
    --src en --tgt en --sample-rate 8000 --pitch 0.25 --speed 0.3 --noise 0 --batch-tokens 1500 --max-epochs 20 \
    --threads 1 --out checkpoints/speech-digits-iso
mt evaluate -m checkpoints/speech-digits-iso --test digits/test-iso.tsv --beam 1 --threads 1
mt evaluate -m checkpoints/speech-digits-iso --test digits/dev-iso.tsv --beam 1 --threads 1
