/* SPDX-License-Identifier: Apache-2.0 */
/* The keys in force. Linked with --wrap=cleanup_secret, which shows that private halves are wiped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "jitd/keys.h"

#define NOW INT64_C(1800000000)

static unsigned int wiped; /* cleanup functions get no context */

void __real_cleanup_secret(char **where);
void __wrap_cleanup_secret(char **where);

void __wrap_cleanup_secret(char **where)
{
	if (*where && !strncmp(*where, "-----BEGIN PRIVATE KEY", 22))
		wiped++;
	__real_cleanup_secret(where);
}

enum { GONE, RETIRING, CURRENT, NEXT, MADE };

struct stock {
	struct key_list list;
	struct key_file files[MADE];
};

static int make(void **state)
{
	static const enum key_state states[MADE] = {
	        [GONE] = KEY_GONE,
	        [RETIRING] = KEY_RETIRING,
	        [CURRENT] = KEY_CURRENT,
	        [NEXT] = KEY_NEXT,
	};
	struct stock *stock = calloc(1, sizeof(*stock));

	*state = stock;
	for (size_t i = 0; stock && i < MADE; i++) {
		struct key_file *file = &stock->files[i];
		struct key_record *record = &stock->list.items[i];
		if (key_generate(KEY_ES256, &file->pem, NULL) < 0 ||
		    key_from_private_pem(file->pem, &file->key, NULL) < 0)
			return -1;
		memcpy(file->kid, key_kid(file->key), KID_SIZE);
		*record = (struct key_record){.algorithm = KEY_ES256, .state = states[i]};
		memcpy(record->kid, file->kid, KID_SIZE);
	}
	if (!stock)
		return -1;
	stock->list.count = MADE;
	stock->list.items[RETIRING].not_after = NOW + 600;
	stock->list.items[CURRENT].not_before = NOW;
	wiped = 0;
	return 0;
}

static int drop(void **state)
{
	struct stock *stock = *state;

	for (size_t i = 0; i < MADE; i++)
		key_file_done(&stock->files[i]);
	free(stock);
	return 0;
}

static struct keys *put_in_force(struct stock *stock)
{
	struct keys *keys = NULL;

	assert_int_equal(keys_new(&stock->list, stock->files, MADE, &keys), 0);
	return keys;
}

static const struct keyset_entry *find(const struct keys *keys, const struct stock *stock,
                                       size_t which)
{
	const char *kid = stock->list.items[which].kid;

	return keyset_find(keys_set(keys), kid, strlen(kid));
}

static void the_current_one_signs(void **state)
{
	struct stock *stock = *state;
	cleanup(cleanup_secret) char *pem = strdup(stock->files[CURRENT].pem);
	struct keys *keys = put_in_force(stock);

	assert_string_equal(keys_signer(keys)->kid, stock->list.items[CURRENT].kid);
	assert_string_equal(keys_signer(keys)->pem, pem);
	assert_int_equal(keys_signer(keys)->algorithm, KEY_ES256);
	keys_release(keys);
}

static void each_verifies_in_its_time(void **state)
{
	struct stock *stock = *state;
	struct keys *keys = put_in_force(stock);

	assert_null(find(keys, stock, GONE));
	assert_true(find(keys, stock, NEXT)->not_before == INT64_MAX);
	assert_true(find(keys, stock, RETIRING)->not_after == NOW + 600);
	assert_true(find(keys, stock, RETIRING)->not_before == INT64_MIN);
	assert_true(find(keys, stock, CURRENT)->not_after == INT64_MAX);
	/* the clock may be set back */
	assert_true(find(keys, stock, CURRENT)->not_before == INT64_MIN);
	keys_release(keys);
}

static void without_a_file_nothing_signs_or_verifies(void **state)
{
	struct stock *stock = *state;
	struct keys *keys;

	key_file_done(&stock->files[CURRENT]);
	keys = put_in_force(stock);
	assert_null(keys_signer(keys));
	assert_null(find(keys, stock, CURRENT));
	assert_non_null(find(keys, stock, RETIRING));
	keys_release(keys);
}

static void the_last_holder_wipes(void **state)
{
	struct stock *stock = *state;
	struct keys *keys = put_in_force(stock);

	assert_ptr_equal(keys_hold(keys), keys);
	keys_hold(keys);
	assert_null(keys_release(keys));
	assert_null(keys_release(keys));
	assert_int_equal(wiped, 0);
	assert_non_null(keys_signer(keys)->pem);
	keys_release(keys);
	assert_int_equal(wiped, 1);
	assert_null(keys_release(NULL));
}

/* Of those that only verify the private half is not kept. */
static void only_the_signer_has_a_private_half(void **state)
{
	struct stock *stock = *state;
	struct keys *keys = put_in_force(stock);

	assert_null(stock->files[CURRENT].pem);
	for (size_t i = 0; i < MADE; i++)
		key_file_done(&stock->files[i]);
	assert_int_equal(wiped, MADE - 1);
	keys_release(keys);
	assert_int_equal(wiped, MADE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
	        TEST(the_current_one_signs),
	        TEST(each_verifies_in_its_time),
	        TEST(without_a_file_nothing_signs_or_verifies),
	        TEST(the_last_holder_wipes),
	        TEST(only_the_signer_has_a_private_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
