/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/provider.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

static int setup(void **state, enum key_algorithm algorithm)
{
	return algorithm == KEY_RS256 ? bench_setup_rsa(state) : bench_setup(state);
}

void provider_make(struct provider *provider, enum key_algorithm algorithm)
{
	void *bench = NULL;

	assert_int_equal(setup(&bench, algorithm), 0);
	provider->bench = bench;
	snprintf(provider->directory, sizeof(provider->directory), "/tmp/jitd-issuer.XXXXXX");
	assert_non_null(mkdtemp(provider->directory));
	assert_int_equal(chmod(provider->directory, 0755), 0);
	snprintf(provider->jwks, sizeof(provider->jwks), "%s/keys.jwks", provider->directory);
	provider_publish(provider, NULL);
}

void provider_rekey(struct provider *provider)
{
	enum key_algorithm algorithm = provider->bench->algorithm;
	void *bench = provider->bench;

	bench_teardown(&bench);
	assert_int_equal(setup(&bench, algorithm), 0);
	provider->bench = bench;
}

void provider_remove(struct provider *provider)
{
	void *bench = provider->bench;

	bench_teardown(&bench);
	unlink(provider->jwks);
	assert_int_equal(rmdir(provider->directory), 0);
}

char *provider_jwks(const struct provider *provider)
{
	char *text = NULL;

	assert_int_equal(keyset_write_jwks(provider->bench->keys, &text), 0);
	return text;
}

/* As an administrator does it: beside it, and then in its place. */
void provider_publish(const struct provider *provider, const char *text)
{
	text_owned keys = provider_jwks(provider);
	char beside[128];
	FILE *file;

	snprintf(beside, sizeof(beside), "%s.new", provider->jwks);
	file = fopen(beside, "we");
	assert_non_null(file);
	assert_true(fputs(text ? text : keys, file) >= 0);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(beside, provider->jwks), 0);
}

static char *with_times(const char *claims, int64_t now)
{
	char *text = NULL, *end;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (const char *at; (at = strstr(claims, "NOW")); claims = end) {
		long more = strtol(at + 3, &end, 10);
		fprintf(out, "%.*s%" PRId64, (int)(at - claims), claims, now + more);
	}
	fputs(claims, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

char *provider_sign(const struct provider *provider, const char *claims, const char *more,
                    int64_t ahead)
{
	text_owned payload = with_times(claims, (int64_t)time(NULL) + ahead);
	text_owned header = text_of("{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"%s%s}",
	                            key_algorithm_name(provider->bench->algorithm),
	                            provider->bench->kid, *more ? "," : "", more);

	return sign(provider->bench, header, payload);
}

struct message present_of(const char *token, const char *reason, const char *ticket)
{
	struct message message = {.id = MESSAGE_present};

	assert_int_equal(text_copy(message.present.text, sizeof(message.present.text), token), 0);
	assert_int_equal(text_copy(message.present.reason, sizeof(message.present.reason), reason),
	                 0);
	assert_int_equal(text_copy(message.present.ticket, sizeof(message.present.ticket), ticket),
	                 0);
	return message;
}
