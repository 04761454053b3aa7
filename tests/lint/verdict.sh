# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Sourced by the lint scripts: where the sources are, and one line a check.
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 99
rooms="base wire token policy pam_jit sudo_jit reaper jitd cli"
failures=0

# verdict NAME FINDINGS: no findings is a pass
verdict() {
	if [ -z "$2" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $(echo "$2" | grep -c .)"
		echo "$2" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}
# sources [PATTERN]: the C files of all rooms, tests beside the code included; shipped: these without tests
# and what only tests use
sources() {
	for room in $rooms tests; do
		[ ! -d "$room" ] || find "$room" \( -name '*.c' -o -name '*.h' -o -name '*.def' \) -print
	done | grep -E "${1:-.}" | sort
}
shipped() {
	sources "${1:-.}" | grep -vE '^tests/|_test[._]|^pam_jit/(stage|watch)\.'
}
finish() {
	[ $failures = 0 ]
	exit
}
