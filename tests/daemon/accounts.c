/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The file under the mount has no name any more: nothing is left behind. */
static bool lay_over(const char *path, const char *text)
{
	char own[] = "/tmp/jitd-test-etc.XXXXXX";
	int fd = mkstemp(own);
	bool laid;

	if (fd < 0)
		return false;
	laid = fchmod(fd, 0644) == 0 && mount(own, path, NULL, MS_BIND, NULL) == 0;
	close(fd);
	unlink(own);
	if (laid)
		write_text(path, text);
	return laid;
}

bool accounts_own(void)
{
	return lay_over("/etc/passwd", "root:x:0:0::/root:/bin/sh\n") &&
	       lay_over("/etc/group", "root:x:0:\n") &&
	       lay_over("/etc/nsswitch.conf", "passwd: files\ngroup: files\ninitgroups: files\n");
}

void accounts_passwd(const char *text)
{
	write_text("/etc/passwd", text);
}

void accounts_group(const char *text)
{
	write_text("/etc/group", text);
}
