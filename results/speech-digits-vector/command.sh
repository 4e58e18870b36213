# Single takes of the Free Spoken Digit Dataset, 8 kHz: 1,800 real ones, and 572 that espeak-ng speaks.
# checkpoints/speech-digits is the run of results/speech-digits, which has heard the strings of the same four speakers.
mt train --preset speech-vector --init checkpoints/speech-digits --init-parts encoder --attention none \
    --attention-position after --feed-steps --feed-readout --decoder-layers 1 --decoder-hidden 256 --pooling last mean max \
    --train digits/train-iso.tsv synthetic/iso-synth.tsv --validation digits/dev-iso.tsv --src en --tgt en \
    --pitch 0.25 --speed 0.3 --noise 0 --batch-tokens 1500 --learning-rate 1e-3 --max-epochs 8 \
    --threads 1 --out checkpoints/speech-digits-vector
mt evaluate -m checkpoints/speech-digits-vector --test digits/dev-iso.tsv --threads 1
mt evaluate -m checkpoints/speech-digits-vector --test digits/test-iso.tsv --threads 1
