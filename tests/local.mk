# SPDX-License-Identifier: Apache-2.0
# lint that needs nothing but a shell, awk and binutils; the rest comes with tests/run
dist_check_SCRIPTS += tests/lint/rooms tests/lint/style tests/lint/binaries
TESTS += tests/lint/rooms tests/lint/style tests/lint/binaries

EXTRA_DIST += .clang-tidy .ci/run tests/run tests/lint/verdict.sh tests/lint/format tests/lint/shell tests/lint/man \
	tests/lint/units tests/lint/cppcheck tests/lint/clang-tidy tests/debian-tree tests/e2e tests/bench tests/sanitized
dist-hook:
	rm -rf '$(distdir)/tests/e2e/__pycache__' '$(distdir)/tests/bench/__pycache__' \
		'$(distdir)/tests/sanitized/__pycache__'
