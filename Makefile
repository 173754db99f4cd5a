# The doors of the house. Each does all set-up itself.
LIBRARIES = MohawkFiles MohawkText MohawkRecipes MohawkReports MohawkGGUF MohawkTensor MohawkWeights MohawkLayers \
            MohawkMixers MohawkModels MohawkExport MohawkTraining MohawkDistillation MohawkEvaluation MohawkDecoding \
            MohawkServing MohawkServer MohawkRuns

.PHONY: demo real test check curves parity serve-check wheel wheel-check lint format docs optimised bench bench-serve sanitize setup clean

demo: setup          ## pretrain a small teacher, distil it, look at the report
	swift build -c release --product mohawk
	.build/release/mohawk demo

real: setup          ## a published model in, a student out: SmolLM2-135M to a hybrid, compared with its teacher
	swift build -c release --product mohawk
	Scripts/real

test: setup          ## build and run all tests
	swift test

check: setup lint test docs optimised   ## all that must hold before a change lands

curves: setup        ## writes anew what training and checkpoints are held to: loss curves and lists of tensors
	MOHAWK_WRITE_CURVES=1 swift test --filter 'LossCurveTests|CheckpointNamesTests'

parity: setup        ## compares everything with transformers and llama.cpp
	Scripts/parity/run

serve-check: setup   ## the server, from outside: OpenAI's client, lm_eval, Chromium, load
	Scripts/serve/run

wheel: setup         ## two Python packages: mohawk, which runs on torch, and mohawk-run, which needs nothing
	Scripts/wheel/build

wheel-check:         ## installs them into an empty environment without Swift, and uses them there
	Scripts/wheel/check

lint:                ## the format, strictly
	swift format lint --strict --recursive --parallel Sources Tests Snippets Examples Benchmarks Parity Package.swift

format:              ## mends the format
	swift format --in-place --recursive --parallel Sources Tests Snippets Examples Benchmarks Parity Package.swift

optimised: setup     ## the command as people run it: built with optimisation, and tried
	Scripts/optimised

docs: setup          ## documentation of the libraries, warnings are errors
	Scripts/docs $(LIBRARIES)

sanitize: setup      ## tests of the kernels under the address and undefined-behaviour sanitizers
	Scripts/sanitize

bench: setup         ## measured against named peers
	Scripts/bench

bench-serve: setup   ## decoding and prompts in turns with llama.cpp and transformers, then a server under load
	Scripts/bench-serve

setup:
	@Scripts/setup

clean:
	rm -rf .build
