# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libwire.la
libwire_la_SOURCES = \
	wire/client.c wire/client.h \
	wire/message.c wire/message.h wire/message.def wire/step.def
EXTRA_DIST += wire/PROTOCOL.md

if HAVE_CMOCKA
check_PROGRAMS += wire/wire_test
TESTS += wire/wire_test
wire_wire_test_SOURCES = wire/wire_test.c
wire_wire_test_CFLAGS = $(TEST_CFLAGS)
wire_wire_test_LDADD = libwire.la libbase.la $(CMOCKA_LIBS)
endif
