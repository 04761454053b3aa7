# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libtoken.la
libtoken_la_SOURCES = \
	token/base64url.c token/base64url.h \
	token/claims.c token/claims.h \
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

token_tests = token/claims_test token/form_test token/header_test
check_PROGRAMS += $(token_tests)
TESTS += $(token_tests)

token_claims_test_SOURCES = token/claims_test.c
token_claims_test_CFLAGS = $(TEST_CFLAGS)
token_claims_test_LDADD = libtokentest.la

token_form_test_SOURCES = token/form_test.c
token_form_test_CFLAGS = $(TEST_CFLAGS)
token_form_test_LDADD = libtokentest.la

token_header_test_SOURCES = token/header_test.c
token_header_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_header_test_LDADD = libtokentest.la $(OPENSSL_LIBS)
endif
