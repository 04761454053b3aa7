#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The built module from outside: what it needs, exports and calls, and the size of the room.
set -u
module=${top_builddir:-.}/.libs/pam_jit.so
room=${top_srcdir:-.}/pam_jit
failed=0

bad() {
	echo "FAIL: $*"
	failed=1
}

if readelf -sW "$module" | grep -q '__asan_'; then
	echo "SKIP: built with sanitizers, whose run-time it needs"
	exit 77
fi

needed=$(readelf -dW "$module" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
[ "$needed" = "libc.so.6 libpam.so.0 " ] || bad "needs $needed"

exported=$(nm -D --defined-only "$module" | awk '{ print $3 }' | sort | tr '\n' ' ')
[ "$exported" = "pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok pam_sm_close_session pam_sm_open_session pam_sm_setcred " ] ||
	bad "exports $exported"

# Nothing that starts, waits for, signals or runs something, reads the environment or opens a file.
allowed=' calloc free malloc realloc
 clock_gettime nanosleep poll sigismember sigpending
 close connect getsockopt recv send socket lstat
 geteuid getrandom getuid
 explicit_bzero memchr memcmp memcpy memmove memset
 strchr strcmp strerror strlen strncmp strnlen strrchr strspn vsnprintf
 pam_get_data pam_get_item pam_getenv pam_prompt pam_putenv pam_set_data pam_strerror pam_syslog
 __errno_location __stack_chk_fail
 _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable __cxa_finalize __gmon_start__ '
for symbol in $(nm -D --undefined-only "$module" | awk '{ print $NF }' | sed 's/@.*//'); do
	plain=$(echo "$symbol" | sed 's/^__\(.*\)_chk$/\1/')
	echo "$allowed" | grep -q -w -e "$symbol" -e "$plain" || bad "calls $symbol"
done

readelf -lW "$module" | grep -q GNU_RELRO || bad "no RELRO"
readelf -dW "$module" | grep -q -e BIND_NOW -e 'Flags: NOW' || bad "no immediate binding"
readelf -lW "$module" | grep GNU_STACK | grep -q RWE && bad "executable stack"

lines=$(cat "$room/call.c" "$room/outcome.c" "$room/pam_jit.c" "$room/pam_jit.h" "$room/relay.c" | wc -l)
[ "$lines" -lt 500 ] || bad "the room has $lines lines, under 500 were promised"

[ "$failed" = 0 ] && echo "PASS: needs $needed; $lines lines"
exit "$failed"
