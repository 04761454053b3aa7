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
