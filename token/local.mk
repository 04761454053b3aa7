# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libtoken.la
libtoken_la_SOURCES = \
	token/base64url.c token/base64url.h \
	token/claims.c token/claims.h \
	token/code.c token/code.h \
	token/form.c token/form.h \
	token/header.c token/header.h \
	token/json.c token/json.h \
	token/key.c token/key.h token/keyset.c \
	token/read.c token/token.h
libtoken_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
libtoken_la_LIBADD = $(OPENSSL_LIBS) $(JANSSON_LIBS)

if HAVE_CMOCKA
check_LTLIBRARIES += libtokentest.la
libtokentest_la_SOURCES = token/token_test_sign.c token/token_test_sign.h
libtokentest_la_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
libtokentest_la_LIBADD = libtoken.la libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

token_tests = token/binding_test token/claims_test token/code_test token/fault_test token/form_test \
	token/header_test token/key_test token/keyset_test token/signature_test token/source_test
check_PROGRAMS += $(token_tests)
TESTS += $(token_tests)

token_binding_test_SOURCES = token/binding_test.c
token_binding_test_CFLAGS = $(TEST_CFLAGS)
token_binding_test_LDADD = libtokentest.la

token_claims_test_SOURCES = token/claims_test.c
token_claims_test_CFLAGS = $(TEST_CFLAGS)
token_claims_test_LDADD = libtokentest.la

token_code_test_SOURCES = token/code_test.c
token_code_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_code_test_LDADD = libtokentest.la $(OPENSSL_LIBS)
token_code_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=random_bytes -Wl,--wrap=HMAC

token_fault_test_SOURCES = token/fault_test.c
token_fault_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
token_fault_test_LDADD = libtokentest.la $(OPENSSL_LIBS) $(JANSSON_LIBS)
token_fault_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=EVP_DigestVerify -Wl,--wrap=EVP_DigestVerifyInit -Wl,--wrap=EVP_MD_CTX_new \
	-Wl,--wrap=BN_bin2bn -Wl,--wrap=ECDSA_SIG_new -Wl,--wrap=ECDSA_SIG_set0 \
	-Wl,--wrap=i2d_ECDSA_SIG -Wl,--wrap=EVP_PKEY_public_check \
	-Wl,--wrap=EVP_PKEY_pairwise_check -Wl,--wrap=EVP_Digest \
	-Wl,--wrap=EVP_PKEY_get_group_name -Wl,--wrap=json_loadb

token_form_test_SOURCES = token/form_test.c
token_form_test_CFLAGS = $(TEST_CFLAGS)
token_form_test_LDADD = libtokentest.la

token_header_test_SOURCES = token/header_test.c
token_header_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_header_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_key_test_SOURCES = token/key_test.c
token_key_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_key_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_keyset_test_SOURCES = token/keyset_test.c
token_keyset_test_CFLAGS = $(TEST_CFLAGS)
token_keyset_test_LDADD = libtokentest.la

token_signature_test_SOURCES = token/signature_test.c
token_signature_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_signature_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_source_test_SOURCES = token/source_test.c
token_source_test_CFLAGS = $(TEST_CFLAGS)
token_source_test_LDADD = libtokentest.la
endif
