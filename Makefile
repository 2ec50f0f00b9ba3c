# Two commands: `make demo` runs the main job end to end, `make test` passes every check.
.PHONY: demo test check setup clean

demo:
	@sh setup.sh
	@.venv/bin/parkops demo

test:
	@sh setup.sh test
	@$(MAKE) --no-print-directory check

check:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --strict parkops
	.venv/bin/lint-imports
	.venv/bin/yamllint .
	.venv/bin/python -m pytest -n auto --dist worksteal -m "not alone"
	.venv/bin/python -m pytest -m alone

setup:
	@sh setup.sh test

clean:
	rm -rf build inventories/*/build inventories/*/reports .pytest_cache .mypy_cache .ruff_cache
