# The same steps as plain commands are in README.md, for a machine without make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8501
# make app GPU=1 adds what TensorFlow needs for an NVIDIA card
GPU ?=
JOBS ?= 2

.PHONY: app test check bench chaos clean

app: $(VENV)/app.stamp $(if $(GPU),$(VENV)/gpu.stamp)
	$(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT)

# browser tests have the machine to themselves: a page that is slow to answer is no failure of theirs
test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not browser"
	$(BIN)/python -m pytest -m browser

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

bench: $(VENV)/dev.stamp $(VENV)/torch.stamp
	$(BIN)/python -m benchmarks.sketches
	$(BIN)/python -m benchmarks.lessons
	$(BIN)/python -m benchmarks.predict
	$(BIN)/python -m benchmarks.app
	$(BIN)/python -m benchmarks.design
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.epochs
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.memory --large 20
	$(BIN)/python -m benchmarks.train --torch $(VENV)/torch/bin/python
	$(BIN)/python -m benchmarks.augmentation
	$(BIN)/python -m benchmarks.imports
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.watching

chaos: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.chaos

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/uv.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Layerwise needs Python 3.11, 3.12 or 3.13 (TensorFlow 2.21 has no other); received $$($(PYTHON) --version 2>&1). Try: make app PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/app.stamp: $(VENV)/uv.stamp requirements.txt
	$(BIN)/uv pip install --python $(BIN)/python -r requirements.txt
	@touch $@

$(VENV)/gpu.stamp: $(VENV)/app.stamp requirements-gpu.txt
	$(BIN)/uv pip install --python $(BIN)/python -r requirements.txt -r requirements-gpu.txt
	@touch $@

$(VENV)/dev.stamp: $(VENV)/app.stamp requirements-dev.txt
	$(BIN)/uv pip install --python $(BIN)/python -r requirements.txt -r requirements-dev.txt
	@touch $@

# PyTorch, which only the benchmark compares with, has an environment of its own
$(VENV)/torch.stamp: $(VENV)/uv.stamp requirements-bench.txt
	$(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)/torch
	$(BIN)/uv pip install --python $(VENV)/torch/bin/python --torch-backend cpu -r requirements-bench.txt || \
		$(BIN)/uv pip install --python $(VENV)/torch/bin/python -r requirements-bench.txt
	@touch $@
