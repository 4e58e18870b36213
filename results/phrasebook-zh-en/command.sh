#!/bin/sh
# The commands of this result, as recorded; they belong to commit e9beb58 (git checkout e9beb58).
# DATA: folder with the corpus as its publisher distributes it.
set -eu
: "${DATA:?}"

make demo
