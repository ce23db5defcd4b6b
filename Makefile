# make demo    install CTSMA into .venv; analyze the CT that comes with it, and a virtual CT with thin slices
# make test    install CTSMA and its tools into .venv; check style, types and behavior
# make clean   remove what these made

PYTHON ?= python3
VENV ?= .venv
REPORT ?= demo-report
VIRTUAL ?= demo-virtual

# A virtual environment is made anew when what it is made from changes.
SOURCE_HASH := $(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)
CORE := $(VENV)/.core-$(SOURCE_HASH)
TOOLS := $(VENV)/.tools-$(SOURCE_HASH)
# Tests share the cores as processes: each computes with one thread, and keeps memory that it will need again at once;
# what they start finds its modules compiled.
FOR_TESTS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
	MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824 PYTHONDONTWRITEBYTECODE=
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -qq

.PHONY: demo test clean
.DELETE_ON_ERROR:

demo: $(CORE)
	@$(VENV)/bin/ctsma demo --out $(REPORT) --overwrite
	@echo "Making a virtual knee with thin slices (some minutes) ..."
	@$(VENV)/bin/ctsma virtual make --knees 1 --seed 7 --no-truth --out $(VIRTUAL)
	@$(VENV)/bin/ctsma analyze $(VIRTUAL)/vk0001/ct.nii.gz --out $(VIRTUAL)/report --diagnose --overwrite --name "Virtual knee, not a person"
	@echo "Open $(REPORT)/report.html in a browser, or $(REPORT)/report.pdf; $(VIRTUAL)/report is that of the virtual knee."

test: $(TOOLS)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(FOR_TESTS) $(VENV)/bin/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

clean:
	@rm -rf $(VENV) $(REPORT) $(VIRTUAL) .pytest_cache .ruff_cache .mypy_cache

$(CORE):
	@bash scripts/system_libraries.sh $(PYTHON)
	@echo "Installing CTSMA into $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install -c constraints.txt -e '.[learning]'
	@touch $@

$(TOOLS): $(CORE)
	@bash scripts/system_libraries.sh $(PYTHON) tests
	@echo "Installing the tools for tests into $(VENV) ..."
	@$(PIP) install -c constraints.txt -e '.[test,dev]'
	@touch $@
