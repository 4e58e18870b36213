# Digit strings and single takes of the Free Spoken Digit Dataset as 8 kHz WAV files with tables (audio, text).
# Stopped by Ctrl-C in epoch 8.
mt train --preset speech --train digits/train.tsv digits/train-iso.tsv --validation digits/dev.tsv --src en --tgt en \
    --sample-rate 8000 --max-epochs 16 --threads 1 --out checkpoints/speech-digits-c
mt evaluate -m checkpoints/speech-digits-c --test digits/test.tsv --threads 1
# Two epochs from there, with synthetic strings.
mt train --preset speech --init checkpoints/speech-digits-c --train digits/train.tsv digits/train-iso.tsv \
    synth/speech.tsv --validation digits/dev.tsv --src en --tgt en --sample-rate 8000 --pitch 0.2 --speed 0.25 \
    --noise 0 --learning-rate 1e-3 --warmup-steps 50 --max-epochs 2 --threads 1 --out checkpoints/speech-digits-d
mt evaluate -m checkpoints/speech-digits-d --test digits/test.tsv --beam 1 --ctc-weight 0 --threads 1
mt evaluate -m checkpoints/speech-digits-d --test digits/dev.tsv --beam 1 --ctc-weight 0 --threads 1
# The same run, with CTC in search.
mt evaluate -m checkpoints/speech-digits-d --test digits/test.tsv --threads 1
mt evaluate -m checkpoints/speech-digits-d --test digits/dev.tsv --threads 1
# One more epoch, with 3,300 more synthetic strings of six English voices of espeak-ng (en-us, en-gb, en-gb-x-rp,
# en-gb-scotland, en-029, en-gb-x-gbclan), each with the ten variants of synthesise.py's training voices.
mt train --preset speech --init checkpoints/speech-digits-d --train digits/train.tsv digits/train-iso.tsv \
    synth/speech.tsv synthetic/dig-*/speech.tsv --validation digits/dev.tsv --src en --tgt en --sample-rate 8000 \
    --pitch 0.25 --speed 0.3 --noise 0 --learning-rate 1.2e-3 --warmup-steps 50 --max-epochs 1 --threads 1 \
    --out checkpoints/speech-digits-e
mt evaluate -m checkpoints/speech-digits-e --test digits/test.tsv --threads 1
mt evaluate -m checkpoints/speech-digits-e --test digits/dev.tsv --threads 1
