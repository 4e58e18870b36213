# SYNTHETIC speech: espeak-ng reads the Chinese sentences of the phrasebook (voice cmn-latn-pinyin), 16 kHz; ten voices
# train, and others (m4, m7, f3) test. Voice, speed 130-190, pitch 30-70 and noise at 15-30 dB are drawn for each sentence.
# zh-train1 and zh-train2 hold 8,000 sentences each (12.0 hours), zh-dev 200, zh-test 500 others.
mt train --preset speech --train zh-train1/speech.tsv zh-train2/speech.tsv --validation zh-dev/speech.tsv --src zh --tgt zh \
    --max-epochs 2 --validate-every 1000 --threads 1 --out checkpoints/speech-chinese
mt train --preset speech --init checkpoints/speech-chinese --train zh-train1/speech.tsv zh-train2/speech.tsv \
    --validation zh-dev/speech.tsv --src zh --tgt zh --max-epochs 2 --validate-every 2000 --threads 1 \
    --out checkpoints/speech-chinese-2
mt evaluate -m checkpoints/speech-chinese-2 --test zh-test/speech.tsv --threads 1
