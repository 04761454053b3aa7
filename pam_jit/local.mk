# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libguard.la
libguard_la_SOURCES = \
	pam_jit/call.c \
	pam_jit/outcome.c \
	pam_jit/pam_jit.c pam_jit/pam_jit.h \
	pam_jit/relay.c

# What the module does not use of base (files, NSS) is left out of it by --gc-sections.
pam_LTLIBRARIES += pam_jit.la
pam_jit_la_SOURCES =
pam_jit_la_LIBADD = libguard.la libwire.la libbase.la -lpam
pam_jit_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -Wl,--gc-sections \
	-Wl,--version-script,$(srcdir)/pam_jit/pam_jit.map
# the sanitizers' run-time is the program's, not the module's
if !SANITIZED
pam_jit_la_LDFLAGS += -Wl,-z,defs
endif
EXTRA_pam_jit_la_DEPENDENCIES = pam_jit/pam_jit.map
EXTRA_DIST += pam_jit/pam_jit.map
dist_man_MANS += pam_jit/pam_jit.8

dist_check_SCRIPTS += pam_jit/elf_test.sh
TESTS += pam_jit/elf_test.sh
if HAVE_CMOCKA
# exported, so that the module's own calls of getuid() and others find the tests' first
STAGE = pam_jit/stage.c pam_jit/stage.h pam_jit/watch.c pam_jit/outcome.c
STAGE_LDADD = libwire.la libbase.la -lpam $(CMOCKA_LIBS)
PAM_JIT_TESTS = pam_jit/outcome_test pam_jit/pam_jit_test pam_jit/refusal_test pam_jit/relay_test
check_PROGRAMS += $(PAM_JIT_TESTS)
TESTS += $(PAM_JIT_TESTS)
pam_jit_outcome_test_SOURCES = pam_jit/outcome_test.c $(STAGE)
pam_jit_outcome_test_CFLAGS = $(TEST_CFLAGS)
pam_jit_outcome_test_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
pam_jit_outcome_test_LDADD = $(STAGE_LDADD)
pam_jit_pam_jit_test_SOURCES = pam_jit/pam_jit_test.c $(STAGE)
pam_jit_pam_jit_test_CFLAGS = $(TEST_CFLAGS)
pam_jit_pam_jit_test_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
pam_jit_pam_jit_test_LDADD = $(STAGE_LDADD)
pam_jit_refusal_test_SOURCES = pam_jit/refusal_test.c $(STAGE)
pam_jit_refusal_test_CFLAGS = $(TEST_CFLAGS)
pam_jit_refusal_test_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
pam_jit_refusal_test_LDADD = $(STAGE_LDADD)
pam_jit_relay_test_SOURCES = pam_jit/relay_test.c $(STAGE)
pam_jit_relay_test_CFLAGS = $(TEST_CFLAGS)
pam_jit_relay_test_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
pam_jit_relay_test_LDADD = $(STAGE_LDADD)
endif
