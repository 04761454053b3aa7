# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libpolicy.la
libpolicy_la_SOURCES = \
	policy/complaint.c policy/complaint.h \
	policy/conf.c policy/conf.h \
	policy/evaluate.c \
	policy/lexer.c policy/lexer.h \
	policy/parse.c policy/policy.h \
	policy/review.c \
	policy/rule_text.c \
	policy/rules.c policy/rules.h \
	policy/scan.c policy/scan.h \
	policy/scope.c policy/scope.h \
	policy/settings.c policy/settings.h \
	policy/strings.c policy/strings.h \
	policy/values.c
libpolicy_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
libpolicy_la_LIBADD = $(CONFUSE_LIBS)

if HAVE_CMOCKA
policy_tests = policy/evaluate_test policy/scope_test
check_PROGRAMS += $(policy_tests)
TESTS += $(policy_tests)
policy_evaluate_test_SOURCES = policy/evaluate_test.c policy/heard.h
policy_evaluate_test_CFLAGS = $(TEST_CFLAGS)
policy_evaluate_test_LDADD = libpolicy.la libbase.la $(CMOCKA_LIBS)
policy_scope_test_SOURCES = policy/scope_test.c
policy_scope_test_CFLAGS = $(TEST_CFLAGS)
policy_scope_test_LDADD = libpolicy.la libbase.la $(CMOCKA_LIBS)
endif
