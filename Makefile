# Everything that people and CI do, by name. Needs Rust and Python 3; the rest comes into .tools/.

PYTHON ?= python3
TOOLS := $(CURDIR)/.tools
CARGO ?= cargo
DENY := $(TOOLS)/cargo-deny/bin/cargo-deny

# The test suites start their servers from here.
export CERTDROP_TOOLS := $(TOOLS)
export SAM_CLI_TELEMETRY := 0
# Nobody is called there: sam and cfn-lint judge by a region's rules.
export AWS_DEFAULT_REGION ?= eu-central-1

.PHONY: help run test check build tools clean
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## put the stack on a local stage, drop bundles, show what happens
	@$(PYTHON) stage/run.py $(RUN_FLAGS)

test: tools ## all tests, end to end with real servers
	$(CARGO) test --workspace --all-features
	@$(PYTHON) stage/run.py --built

check: tools ## formatting, lints, licences, documentation and the template
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --all-features --no-deps --document-private-items
	$(DENY) check licenses bans sources
	@if timeout 60 $(DENY) --log-level off fetch db 2>/dev/null; then $(DENY) check advisories; \
	else echo 'advisories: not checked, because the RustSec database cannot be fetched from here'; fi
	$(TOOLS)/sam/bin/sam validate --lint
	$(TOOLS)/sam/bin/cfn-lint template.yaml

build: tools ## the zip that Lambda gets: target/lambda/bootstrap/bootstrap.zip
	PATH="$(TOOLS)/cargo-lambda/bin:$$PATH" $(CARGO) lambda build --release --x86-64 --output-format zip \
		--no-default-features --bin bootstrap

tools: ## the pinned tools of stage/requirements into .tools/
	@$(PYTHON) stage/tools.py

clean: ## remove what was built and installed
	$(CARGO) clean
	rm -rf .tools .aws-sam
