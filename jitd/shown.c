/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/shown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "jitd/access.h"
#include "token/key.h"

/* Lengths stand before texts, so that no text can play the part of another. */
static void put_text(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, "%s %zu %s\n", name, strlen(text), text);
}

static void put_number(FILE *out, const char *name, int64_t number)
{
	(void)fprintf(out, "%s %" PRId64 "\n", name, number);
}

static void put_access(FILE *out, const struct access *access)
{
	put_number(out, "access", access->id);
	put_number(out, "uid", access->uid);
	put_text(out, "subject", access->subject);
	put_text(out, "scope", access->scope);
	put_text(out, "host", access->host);
	put_text(out, "reason", access->reason);
	put_text(out, "ticket", access->ticket);
	put_number(out, "asked", access->asked);
	put_text(out, "present", access->typed ? "typed" : "held");
	put_text(out, "user-key", access->user_key);
	put_number(out, "uses", access->uses);
	put_number(out, "approvals", access->approvals);
	put_number(out, "denials", access->denials);
	put_text(out, "rule", access->rule);
	put_text(out, "text", access->rule_text);
	put_text(out, "via", access->via);
	put_text(out, "issuer", access->issuer);
	put_number(out, "foreign", access->foreign);
	put_number(out, "ends", access->ends);
}

int shown_digest(const struct access *access, char ret_digest[static SHOWN_SIZE])
{
	cleanup(cleanup_free) char *whole = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&whole, &size);

	if (!out)
		return -ENOMEM;
	put_access(out, access);
	if (fclose(out) != 0)
		return -ENOMEM;
	return key_sha256_hex(whole, size, ret_digest);
}

bool shown_is(const struct access *access, const char *digest)
{
	char own[SHOWN_SIZE];

	return shown_digest(access, own) == 0 && !strcmp(own, digest);
}
