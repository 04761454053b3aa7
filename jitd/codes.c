/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/codes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "token/key.h"

#define FILE_NAME  "codes.key"
#define NEW_NAME   ".codes.key.new"
#define DIGITS     64 /* of the file, lower-case hex */
#define PATH_SIZE  4096
#define OWNER_SIZE 32

struct bucket {
	uint8_t who[OWNER_SIZE]; /* digest of account and source */
	int64_t free_at;         /* when all GUESSES are free again; 0: an empty slot */
};

struct codes {
	uint8_t secret[CODE_SECRET_BYTES];
	struct bucket buckets[SOURCES_MAX];
};

/* ---- the secret ---- */

static int make_file(const char *state_dir, struct fault *fault)
{
	cleanup(cleanup_close) int folder = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint8_t bytes[DIGITS / 2];
	char text[DIGITS + 2];
	int r = folder < 0 ? -errno : random_bytes(bytes, sizeof(bytes));

	if (r == 0) {
		hex_encode(bytes, sizeof(bytes), text);
		text[DIGITS] = '\n';
		text[DIGITS + 1] = '\0';
		(void)unlinkat(folder, NEW_NAME, 0); /* what a crash left */
		r = file_write_new(folder, NEW_NAME, FILE_NAME, text);
	}
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	return r < 0 ? fault_set(fault, r, "%s/%s: cannot make it: %s", state_dir, FILE_NAME,
	                         strerror(-r))
	             : 0;
}

static int read_file(const char *path, struct codes *codes, struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 077, .size_max = 4096};
	cleanup(cleanup_secret) char *text = NULL;
	size_t length;
	int r = file_read(path, &rule, &text, &length, fault);

	if (r < 0)
		return r;
	if (length != DIGITS + 1 || strspn(text, "0123456789abcdef") != DIGITS ||
	    text[DIGITS] != '\n')
		return fault_set(fault, -EINVAL,
		                 "%s: not one line of %d hex digits; remove it, and a new one is "
		                 "made (codes that are outstanding are void then)",
		                 path, DIGITS);
	return key_sha256(text, DIGITS, codes->secret);
}

int codes_load(const char *state_dir, struct codes **ret_codes, struct fault *fault)
{
	struct codes *codes = calloc(1, sizeof(*codes));
	char path[PATH_SIZE];
	int r;

	if (!codes)
		return fault_set(fault, -ENOMEM, "no memory");
	r = text_format(path, sizeof(path), "%s/%s", state_dir, FILE_NAME);
	if (r == 0 && access(path, F_OK) < 0 && errno == ENOENT)
		r = make_file(state_dir, fault);
	if (r == 0)
		r = read_file(path, codes, fault);
	if (r < 0) {
		codes_free(codes);
		return r;
	}
	*ret_codes = codes;
	return 0;
}

struct codes *codes_free(struct codes *codes)
{
	if (codes)
		explicit_bzero(codes, sizeof(*codes));
	free(codes);
	return NULL;
}

int codes_digest(const struct codes *codes, const char code[static CODE_SIZE],
                 char ret_digest[static CODE_DIGEST_SIZE])
{
	return code_digest(codes->secret, code, ret_digest);
}

/* ---- guesses ---- */

/* An IPv6 address becomes its first 64 bits, anything else stays. */
static void network_of(const char *source, char *ret_network, size_t size)
{
	struct in6_addr address;

	if (inet_pton(AF_INET6, source, &address) == 1 && !IN6_IS_ADDR_V4MAPPED(&address)) {
		memset(address.s6_addr + 8, 0, 8);
		if (inet_ntop(AF_INET6, &address, ret_network, (socklen_t)size))
			return;
	}
	text_sanitize(ret_network, size, source);
}

static int who_of(const char *account, const char *source, uint8_t ret_who[static OWNER_SIZE])
{
	char network[257], text[600];

	network_of(source, network, sizeof(network));
	best_effort(text_format(text, sizeof(text), "%.256s\n%s", account, network));
	return key_sha256(text, strlen(text), ret_who);
}

static size_t find(const struct codes *codes, const uint8_t who[static OWNER_SIZE])
{
	size_t i = 0;

	while (i < SOURCES_MAX &&
	       !(codes->buckets[i].free_at && !memcmp(codes->buckets[i].who, who, OWNER_SIZE)))
		i++;
	return i;
}

bool codes_may_guess(const struct codes *codes, const char *account, const char *source,
                     int64_t now)
{
	uint8_t who[OWNER_SIZE];
	size_t i;

	if (who_of(account, source, who) < 0)
		return false;
	i = find(codes, who);
	return i == SOURCES_MAX || codes->buckets[i].free_at - now <= (GUESSES - 1) * GUESS_SECONDS;
}

void codes_guessed_wrong(struct codes *codes, const char *account, const char *source, int64_t now)
{
	uint8_t who[OWNER_SIZE];
	struct bucket *bucket;
	size_t i;

	if (who_of(account, source, who) < 0)
		return;
	i = find(codes, who);
	if (i == SOURCES_MAX) {
		i = 0;
		for (size_t k = 1; k < SOURCES_MAX; k++)
			if (codes->buckets[k].free_at < codes->buckets[i].free_at)
				i = k;
	}
	bucket = &codes->buckets[i];
	if (memcmp(bucket->who, who, OWNER_SIZE) != 0 || bucket->free_at < now)
		bucket->free_at = now;
	memcpy(bucket->who, who, OWNER_SIZE);
	bucket->free_at += GUESS_SECONDS;
}
