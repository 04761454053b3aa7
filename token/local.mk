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
