#!/bin/sh
# Judges chains that are drawn at random by OpenSSL, rustls, Go and certdrop: draw.sh SEED COUNT.
# It needs a Go of 1.24 or later in the path.
set -eu
cd "$(dirname "$0")/../.."
AGREEMENT_SEED=$1 AGREEMENT_CHAINS=$2
export AGREEMENT_SEED AGREEMENT_CHAINS
drawn=$(mktemp)
verdicts=$(mktemp)
trap 'rm -f "$drawn" "$verdicts"' EXIT
test=agreement::drawn
AGREEMENT_DRAWN=$drawn cargo test --no-default-features --test pure_core $test
go run tests/agreement/verify.go <"$drawn" >"$verdicts"
AGREEMENT_GO=$verdicts cargo test --no-default-features --test pure_core $test
