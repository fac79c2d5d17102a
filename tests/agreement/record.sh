#!/bin/sh
# Has Go judge the cases of tests/pure_core/agreement, and keeps its verdicts: the tests need no Go then.
# Run it after a change of a case, with a Go of 1.24 or later in the path.
set -eu
cd "$(dirname "$0")/../.."
cases=$(mktemp)
trap 'rm -f "$cases"' EXIT
AGREEMENT_CASES=$cases cargo test --no-default-features --test pure_core agreement::the_cases_can_be_written_for_go
go run tests/agreement/verify.go <"$cases" >tests/agreement/go.json
UPDATE_DOCS=1 cargo test --no-default-features --test pure_core agreement
