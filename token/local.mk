# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libtoken.la
libtoken_la_SOURCES = \
	token/base64url.c token/base64url.h \
	token/claims.c \
	token/code.c token/code.h \
	token/fingerprint.c token/fingerprint.h \
	token/form.c token/form.h \
	token/header.c token/header.h \
	token/json.c token/json.h token/jwk.c \
	token/key.c token/key.h token/key_ec.c token/key_kind.h token/key_pem.c token/key_rsa.c \
	token/keyset.c \
	token/read.c token/road.h token/token.h
libtoken_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
libtoken_la_LIBADD = $(OPENSSL_LIBS) $(JANSSON_LIBS)

if HAVE_CMOCKA
check_LTLIBRARIES += libtokentest.la
libtokentest_la_SOURCES = token/token_test_foreign.c token/token_test_foreign.h \
	token/token_test_sign.c token/token_test_sign.h
libtokentest_la_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
libtokentest_la_LIBADD = libtoken.la libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

token_tests = token/binding_test token/claims_test token/code_test token/explain_test \
	token/fault_test token/fingerprint_test token/foreign_claims_test token/foreign_test token/form_test token/header_test \
	token/jwk_test token/key_test token/keyset_test token/rfc_test token/rsa_signature_test \
	token/rsa_test token/signature_test token/source_test
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

token_explain_test_SOURCES = token/explain_test.c
token_explain_test_CFLAGS = $(TEST_CFLAGS)
token_explain_test_LDADD = libtokentest.la

token_fault_test_SOURCES = token/fault_test.c
token_fault_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
token_fault_test_LDADD = libtokentest.la $(OPENSSL_LIBS) $(JANSSON_LIBS)
token_fault_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=EVP_DigestVerify -Wl,--wrap=EVP_DigestVerifyInit -Wl,--wrap=EVP_MD_CTX_new \
	-Wl,--wrap=EVP_MD_CTX_copy_ex -Wl,--wrap=EVP_PKEY_public_check \
	-Wl,--wrap=EVP_PKEY_pairwise_check -Wl,--wrap=EVP_Digest -Wl,--wrap=EVP_PKEY_get_group_name \
	-Wl,--wrap=EVP_PKEY_get_int_param -Wl,--wrap=EVP_PKEY_get_bn_param \
	-Wl,--wrap=EVP_PKEY_fromdata -Wl,--wrap=EVP_PKEY_fromdata_init \
	-Wl,--wrap=EVP_PKEY_CTX_new_from_pkey -Wl,--wrap=i2d_PUBKEY \
	-Wl,--wrap=PEM_write_bio_PrivateKey -Wl,--wrap=calloc -Wl,--wrap=malloc \
	-Wl,--wrap=BIO_new_mem_buf -Wl,--wrap=strndup -Wl,--wrap=fclose -Wl,--wrap=json_loadb

token_fingerprint_test_SOURCES = token/fingerprint_test.c
token_fingerprint_test_CFLAGS = $(TEST_CFLAGS)
token_fingerprint_test_LDADD = libtokentest.la

token_foreign_claims_test_SOURCES = token/foreign_claims_test.c
token_foreign_claims_test_CFLAGS = $(TEST_CFLAGS)
token_foreign_claims_test_LDADD = libtokentest.la

token_foreign_test_SOURCES = token/foreign_test.c
token_foreign_test_CFLAGS = $(TEST_CFLAGS)
token_foreign_test_LDADD = libtokentest.la

token_form_test_SOURCES = token/form_test.c
token_form_test_CFLAGS = $(TEST_CFLAGS)
token_form_test_LDADD = libtokentest.la

token_header_test_SOURCES = token/header_test.c
token_header_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_header_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_jwk_test_SOURCES = token/jwk_test.c
token_jwk_test_CFLAGS = $(TEST_CFLAGS)
token_jwk_test_LDADD = libtokentest.la

token_key_test_SOURCES = token/key_test.c
token_key_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_key_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_keyset_test_SOURCES = token/keyset_test.c
token_keyset_test_CFLAGS = $(TEST_CFLAGS)
token_keyset_test_LDADD = libtokentest.la

token_rfc_test_SOURCES = token/rfc_test.c
token_rfc_test_CFLAGS = $(TEST_CFLAGS)
token_rfc_test_LDADD = libtokentest.la

token_rsa_signature_test_SOURCES = token/rsa_signature_test.c
token_rsa_signature_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_rsa_signature_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_rsa_test_SOURCES = token/rsa_test.c
# a public key in PKCS #1 is written by a call of old
token_rsa_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) -Wno-deprecated-declarations
token_rsa_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_signature_test_SOURCES = token/signature_test.c
token_signature_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
token_signature_test_LDADD = libtokentest.la $(OPENSSL_LIBS)

token_source_test_SOURCES = token/source_test.c
token_source_test_CFLAGS = $(TEST_CFLAGS)
token_source_test_LDADD = libtokentest.la
endif
