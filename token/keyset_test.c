/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "token/token_test_sign.h"

static enum token_reason read_at(const char *token, struct keyset *keys, int64_t now)
{
	struct expectation expectation = {OUR_ISSUER, OUR_AUDIENCE, now, 3600};
	struct token_result result;

	token_read(token, strlen(token), keys, &expectation, &result);
	return result.reason;
}

static struct keyset *keys_of(const struct bench *bench, int64_t not_before, int64_t not_after,
                              bool revoked)
{
	struct keyset *keys = keyset_new();
	struct key *key = NULL;

	assert_int_equal(key_from_private_pem(bench->private_pem, &key, NULL), 0);
	assert_int_equal(keyset_add(keys, key, not_before, not_after, revoked), 0);
	return keys;
}

static void t30_keys_have_their_time(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	cleanup(cleanup_keyset) struct keyset *keys = keys_of(bench, NOW, NOW + 60, false);
	cleanup(cleanup_keyset) struct keyset *dead = keys_of(bench, INT64_MIN, INT64_MAX, true);

	assert_int_equal(read_at(token, keys, NOW - 1), TOKEN_REASON_KEY_TIME);
	assert_int_equal(read_at(token, keys, NOW), TOKEN_REASON_UNSET);
	assert_int_equal(read_at(token, keys, NOW + 60), TOKEN_REASON_UNSET);
	assert_int_equal(read_at(token, keys, NOW + 61), TOKEN_REASON_KEY_TIME);
	assert_int_equal(read_at(token, dead, NOW), TOKEN_REASON_KEY_TIME);
}

static void t30_rotation_ends_the_old_key_alone(void **state)
{
	struct bench *bench = *state;
	struct bench next = *bench;
	cleanup(cleanup_keyset) struct keyset *keys = keys_of(bench, INT64_MIN, NOW - 1, false);
	struct key *key = NULL;

	next.private_pem = NULL;
	assert_int_equal(key_generate(KEY_ES256, &next.private_pem, NULL), 0);
	assert_int_equal(key_from_private_pem(next.private_pem, &key, NULL), 0);
	assert_int_equal(keyset_add(keys, key, NOW, INT64_MAX, false), 0);
	memcpy(next.kid, key_kid(key), KID_SIZE);
	text_owned old = good_token(bench);
	text_owned new = good_token(&next);
	assert_int_equal(read_at(old, keys, NOW - 1), TOKEN_REASON_UNSET);
	assert_int_equal(read_at(old, keys, NOW), TOKEN_REASON_KEY_TIME);
	assert_int_equal(read_at(new, keys, NOW - 1), TOKEN_REASON_KEY_TIME);
	assert_int_equal(read_at(new, keys, NOW), TOKEN_REASON_UNSET);
	/* signed by one key, naming the other */
	text_owned header = good_header(&next);
	text_owned payload = good_payload();
	text_owned crossed = sign(bench, header, payload);
	assert_int_equal(read_at(crossed, keys, NOW), TOKEN_REASON_SIGNATURE);
	cleanup_secret(&next.private_pem);
}

static void a_kid_is_there_once_and_compared_whole(void **state)
{
	struct bench *bench = *state;
	cleanup(cleanup_keyset) struct keyset *keys = keys_of(bench, 1, 2, true);
	cleanup(cleanup_key) struct key *again = NULL;
	const struct keyset_entry *entry = keyset_find(keys, bench->kid, 8);

	assert_non_null(entry);
	assert_true(entry->not_before == 1 && entry->not_after == 2 && entry->revoked);
	assert_string_equal(key_kid(entry->key), bench->kid);
	assert_int_equal(key_from_private_pem(bench->private_pem, &again, NULL), 0);
	assert_int_equal(keyset_add(keys, again, INT64_MIN, INT64_MAX, false), -EEXIST);
	assert_ptr_equal(keyset_find(keys, bench->kid, 8), entry);
	assert_null(keyset_find(keys, bench->kid, 7));
	assert_null(keyset_find(keys, bench->kid, 9));
	assert_null(keyset_find(keys, "", 0));
	assert_null(keyset_free(NULL));
}

struct reader {
	const struct bench *bench;
	const char *good, *bad;
	int wrong;
};

static void *read_often(void *data)
{
	struct reader *reader = data;

	for (int i = 0; i < 200; i++) {
		const char *text = i % 2 ? reader->bad : reader->good;
		struct token_result result;
		token_read(text, strlen(text), reader->bench->keys, &reader->bench->expectation,
		           &result);
		reader->wrong +=
		        result.reason != (i % 2 ? TOKEN_REASON_SIGNATURE : TOKEN_REASON_UNSET);
	}
	return NULL;
}

static void one_key_set_serves_several_threads(void **state)
{
	struct bench *bench = *state;
	text_owned good = good_token(bench), bad = strdup(good);
	struct reader readers[4];
	pthread_t threads[4];

	strrchr(bad, '.')[1] = strrchr(bad, '.')[1] == 'A' ? 'B' : 'A';
	for (size_t i = 0; i < COUNT(threads); i++) {
		readers[i] = (struct reader){bench, good, bad, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
	}
	for (size_t i = 0; i < COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(readers[i].wrong, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(t30_keys_have_their_time),
	        cmocka_unit_test(t30_rotation_ends_the_old_key_alone),
	        cmocka_unit_test(a_kid_is_there_once_and_compared_whole),
	        cmocka_unit_test(one_key_set_serves_several_threads),
	};

	return cmocka_run_group_tests_name("token key sets", tests, bench_setup, bench_teardown);
}
