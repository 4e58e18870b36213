# fillets-ng-data, Czech: 1,322 recordings train (1.27 hours), 148 validate, 149 test (0.14 hours); no text in two parts.
# train50.tsv and train25.tsv hold the first 661 and 330 rows of the training part in a drawn order. The numbers of epochs
# give about as many updates.
mt train --preset speech --train cs/train.tsv --validation cs/dev.tsv --text-column text --src cs --tgt cs --threads 1 \
    --validate-every 1000 --max-epochs 16 --out checkpoints/fillets-100
mt evaluate -m checkpoints/fillets-100 --test cs/test.tsv --threads 1
mt train --preset speech --train cs/train50.tsv --validation cs/dev.tsv --text-column text --src cs --tgt cs --threads 1 \
    --validate-every 1000 --max-epochs 32 --out checkpoints/fillets-50
mt evaluate -m checkpoints/fillets-50 --test cs/test.tsv --threads 1
mt train --preset speech --train cs/train25.tsv --validation cs/dev.tsv --text-column text --src cs --tgt cs --threads 1 \
    --validate-every 1000 --max-epochs 64 --out checkpoints/fillets-25
mt evaluate -m checkpoints/fillets-25 --test cs/test.tsv --threads 1
