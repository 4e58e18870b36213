# SYNTHETIC speech: espeak-ng reads the English sentences of the phrasebook, 16 kHz; ten voices train, and others (m4, m7,
# f3) test. synthesise.py draws voice, speed 130-190, pitch 30-70 and noise at 15-30 dB for each sentence. synthetic/en-train
# holds 12,123 sentences, en-train2 7,000 more readings, in all 16,000 different sentences of the training part (12.57 hours);
# en-dev 200 of the validation part by training voices; en-test 500 of the test part by the test voices (0.33 hours).
# The first 4,224 recordings (2.78 hours), then all from there.
mt train --preset speech --train synthetic/en-train/speech.tsv --validation synthetic/en-dev/speech.tsv --src en --tgt en \
    --max-epochs 2 --threads 1 --out checkpoints/speech-english
mt train --preset speech --init checkpoints/speech-english --train synthetic/en-train/speech.tsv \
    synthetic/en-train2/speech.tsv --validation synthetic/en-dev/speech.tsv --src en --tgt en --max-epochs 2 --threads 1 \
    --out checkpoints/speech-english-2
mt evaluate -m checkpoints/speech-english-2 --test synthetic/en-test/speech.tsv --threads 1
mt evaluate -m checkpoints/speech-english-2 --test synthetic/en-test/speech.tsv --beam 1 --ctc-weight 0 --threads 1
