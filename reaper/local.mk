# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libreaper.la
libreaper_la_SOURCES = \
	reaper/serve.c reaper/serve.h \
	reaper/systemd.c reaper/systemd.h \
	reaper/systemd_bus.c reaper/systemd_bus.h \
	reaper/terminal.c reaper/terminal.h \
	reaper/time.h \
	reaper/tree.c reaper/tree.h
libreaper_la_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS)
libreaper_la_LIBADD = libwire.la libbase.la $(DBUS_LIBS)

sbin_PROGRAMS += reaper/jit-reaper
reaper_jit_reaper_SOURCES = reaper/main.c
reaper_jit_reaper_CFLAGS = $(AM_CFLAGS) $(JIT_PIE_CFLAGS)
reaper_jit_reaper_LDFLAGS = $(AM_LDFLAGS) $(JIT_PIE_LDFLAGS)
reaper_jit_reaper_LDADD = libreaper.la
dist_man_MANS += reaper/jit-reaper.8

if HAVE_CMOCKA
REAPER_TESTS = reaper/serve_test reaper/tree_test reaper/wrap_test
REAPER_FAMILY = reaper/tree_test_family.c reaper/tree_test_family.h
check_PROGRAMS += $(REAPER_TESTS)
TESTS += $(REAPER_TESTS)
reaper_serve_test_SOURCES = reaper/serve_test.c $(REAPER_FAMILY)
reaper_serve_test_CFLAGS = $(TEST_CFLAGS)
reaper_serve_test_LDADD = libreaper.la $(CMOCKA_LIBS)
reaper_tree_test_SOURCES = reaper/tree_test.c $(REAPER_FAMILY)
reaper_tree_test_CFLAGS = $(TEST_CFLAGS)
reaper_tree_test_LDADD = libreaper.la $(CMOCKA_LIBS)
reaper_wrap_test_SOURCES = reaper/wrap_test.c
reaper_wrap_test_CFLAGS = $(TEST_CFLAGS)
reaper_wrap_test_LDADD = libreaper.la $(CMOCKA_LIBS)
endif
