# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = \
	base/buffer.c base/buffer.h \
	base/civil.c base/civil.h \
	base/cleanup.h \
	base/decision.h \
	base/error.c base/error.h \
	base/file.c base/file.h \
	base/folder.c base/folder.h \
	base/identity.c base/identity.h \
	base/listener.c base/listener.h \
	base/parse.c base/parse.h \
	base/process.c base/process.h \
	base/secret.c base/secret.h \
	base/session.c base/session.h \
	base/text.c base/text.h

if HAVE_CMOCKA
check_PROGRAMS += base/base_test
TESTS += base/base_test
base_base_test_SOURCES = base/base_test.c
base_base_test_CFLAGS = $(TEST_CFLAGS)
base_base_test_LDADD = libbase.la $(CMOCKA_LIBS)
endif
