# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libpolicy.la
libpolicy_la_SOURCES = \
	policy/advise.c policy/advise.h \
	policy/candidates.c policy/candidates.h \
	policy/complaint.c policy/complaint.h \
	policy/conf.c policy/conf.h \
	policy/evaluate.c \
	policy/expect.c policy/expect.h \
	policy/explain.c policy/explain.h \
	policy/glob.c policy/glob.h \
	policy/lexer.c policy/lexer.h \
	policy/match_keys.c \
	policy/nearest.c policy/nearest.h \
	policy/parse.c policy/policy.h \
	policy/reboot.c \
	policy/review.c \
	policy/roster.c policy/roster.h \
	policy/rule_text.c \
	policy/rules.c policy/rules.h \
	policy/scan.c policy/scan.h \
	policy/scope.c policy/scope.h \
	policy/settings.c policy/settings.h \
	policy/shadow.c \
	policy/strings.c policy/strings.h \
	policy/term_keys.c \
	policy/terms.c \
	policy/ticket.c policy/ticket.h \
	policy/trust.c policy/trust.h \
	policy/trust_read.c policy/trust_read.h \
	policy/values.c \
	policy/window.c policy/window.h
libpolicy_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
libpolicy_la_LIBADD = $(CONFUSE_LIBS)

dist_man_MANS += policy/jit-policy.5 policy/jitd.conf.5
# A directory of its own each: policy.d as it would stand in /etc/jitd, and what its author expects of it.
examplesdir = $(docdir)/examples
soloadmindir = $(examplesdir)/solo-admin
dist_soloadmin_DATA = policy/examples/solo-admin/tests.conf
soloadminpolicydir = $(soloadmindir)/policy.d
dist_soloadminpolicy_DATA = policy/examples/solo-admin/policy.d/10-solo.conf
smallteamdir = $(examplesdir)/small-team
dist_smallteam_DATA = policy/examples/small-team/tests.conf
smallteampolicydir = $(smallteamdir)/policy.d
dist_smallteampolicy_DATA = \
	policy/examples/small-team/policy.d/10-deny.conf \
	policy/examples/small-team/policy.d/20-team.conf
databaseshopdir = $(examplesdir)/database-shop
dist_databaseshop_DATA = policy/examples/database-shop/tests.conf
databaseshoppolicydir = $(databaseshopdir)/policy.d
dist_databaseshoppolicy_DATA = policy/examples/database-shop/policy.d/20-databases.conf
oncalldir = $(examplesdir)/on-call
dist_oncall_DATA = policy/examples/on-call/tests.conf
oncallpolicydir = $(oncalldir)/policy.d
dist_oncallpolicy_DATA = policy/examples/on-call/policy.d/10-on-call.conf
ciagentdir = $(examplesdir)/ci-agent
dist_ciagent_DATA = policy/examples/ci-agent/tests.conf
ciagentpolicydir = $(ciagentdir)/policy.d
dist_ciagentpolicy_DATA = policy/examples/ci-agent/policy.d/10-agent.conf
breakglassroledir = $(examplesdir)/break-glass-role
dist_breakglassrole_DATA = policy/examples/break-glass-role/tests.conf
breakglassrolepolicydir = $(breakglassroledir)/policy.d
dist_breakglassrolepolicy_DATA = policy/examples/break-glass-role/policy.d/10-break-glass.conf
# those with tokens of other issuers have lines for jitd.conf as well
githubactionsdir = $(examplesdir)/github-actions
dist_githubactions_DATA = policy/examples/github-actions/jitd.conf policy/examples/github-actions/tests.conf
githubactionspolicydir = $(githubactionsdir)/policy.d
dist_githubactionspolicy_DATA = policy/examples/github-actions/policy.d/10-deploy.conf
gitlabcidir = $(examplesdir)/gitlab-ci
dist_gitlabci_DATA = policy/examples/gitlab-ci/jitd.conf policy/examples/gitlab-ci/tests.conf
gitlabcipolicydir = $(gitlabcidir)/policy.d
dist_gitlabcipolicy_DATA = policy/examples/gitlab-ci/policy.d/10-shop.conf
keycloakdir = $(examplesdir)/keycloak
dist_keycloak_DATA = policy/examples/keycloak/jitd.conf policy/examples/keycloak/tests.conf
keycloakpolicydir = $(keycloakdir)/policy.d
dist_keycloakpolicy_DATA = policy/examples/keycloak/policy.d/10-operators.conf
vaultdir = $(examplesdir)/vault
dist_vault_DATA = policy/examples/vault/jitd.conf policy/examples/vault/tests.conf
vaultpolicydir = $(vaultdir)/policy.d
dist_vaultpolicy_DATA = policy/examples/vault/policy.d/10-login.conf
bastiondir = $(examplesdir)/bastion
dist_bastion_DATA = policy/examples/bastion/jitd.conf policy/examples/bastion/tests.conf
bastionpolicydir = $(bastiondir)/policy.d
dist_bastionpolicy_DATA = policy/examples/bastion/policy.d/10-from-bastion.conf \
	policy/examples/bastion/policy.d/20-on-bastion.conf

if HAVE_CMOCKA
policy_tests = policy/advise_test policy/evaluate_test policy/expect_test policy/glob_test policy/taken_test policy/ticket_test \
	policy/window_test policy/pages_test policy/parse_test policy/refuse_test \
	policy/scope_test policy/settings_test policy/trust_test
check_PROGRAMS += $(policy_tests)
TESTS += $(policy_tests)
policy_test_libs = libpolicy.la libbase.la $(CMOCKA_LIBS)
policy_advise_test_SOURCES = policy/advise_test.c policy/heard.h
policy_advise_test_CFLAGS = $(TEST_CFLAGS)
policy_advise_test_LDADD = $(policy_test_libs)
policy_glob_test_SOURCES = policy/glob_test.c
policy_glob_test_CFLAGS = $(TEST_CFLAGS)
policy_glob_test_LDADD = $(policy_test_libs)
policy_taken_test_SOURCES = policy/taken_test.c policy/heard.h
policy_taken_test_CFLAGS = $(TEST_CFLAGS)
policy_taken_test_LDADD = $(policy_test_libs)
policy_ticket_test_SOURCES = policy/ticket_test.c
policy_ticket_test_CFLAGS = $(TEST_CFLAGS)
policy_ticket_test_LDADD = $(policy_test_libs)
policy_window_test_SOURCES = policy/window_test.c
policy_window_test_CFLAGS = $(TEST_CFLAGS)
policy_window_test_LDADD = $(policy_test_libs)
policy_evaluate_test_SOURCES = policy/evaluate_test.c policy/heard.h
policy_evaluate_test_CFLAGS = $(TEST_CFLAGS)
policy_evaluate_test_LDADD = $(policy_test_libs)
policy_expect_test_SOURCES = policy/expect_test.c policy/heard.h
policy_expect_test_CFLAGS = $(TEST_CFLAGS)
policy_expect_test_LDADD = $(policy_test_libs)
policy_pages_test_SOURCES = policy/pages_test.c policy/heard.h
policy_pages_test_CFLAGS = $(TEST_CFLAGS)
policy_pages_test_LDADD = $(policy_test_libs)
policy_parse_test_SOURCES = policy/parse_test.c policy/heard.h
policy_parse_test_CFLAGS = $(TEST_CFLAGS)
policy_parse_test_LDADD = $(policy_test_libs)
policy_refuse_test_SOURCES = policy/refuse_test.c policy/heard.h
policy_refuse_test_CFLAGS = $(TEST_CFLAGS)
policy_refuse_test_LDADD = $(policy_test_libs)
policy_scope_test_SOURCES = policy/scope_test.c
policy_scope_test_CFLAGS = $(TEST_CFLAGS)
policy_scope_test_LDADD = $(policy_test_libs)
policy_settings_test_SOURCES = policy/settings_test.c policy/heard.h
policy_settings_test_CFLAGS = $(TEST_CFLAGS)
policy_settings_test_LDADD = $(policy_test_libs)
policy_trust_test_SOURCES = policy/trust_test.c policy/heard.h
policy_trust_test_CFLAGS = $(TEST_CFLAGS)
policy_trust_test_LDADD = $(policy_test_libs)
check_PROGRAMS += policy/examples_test
TESTS += policy/examples_test
policy_examples_test_SOURCES = policy/examples_test.c policy/heard.h policy/page.h
policy_examples_test_CFLAGS = $(TEST_CFLAGS)
policy_examples_test_LDADD = $(policy_test_libs)

# what is held against every key of the language, and against random policies
policy_proofs = policy/golden_test policy/property_test
check_PROGRAMS += $(policy_proofs)
TESTS += $(policy_proofs)
policy_golden_test_SOURCES = policy/golden_test.c policy/golden_test_read.c policy/golden_test_read.h policy/heard.h
policy_golden_test_CFLAGS = $(TEST_CFLAGS)
policy_golden_test_LDADD = $(policy_test_libs)
policy_property_test_SOURCES = policy/property_test.c policy/property_test_draw.c policy/property_test_draw.h \
	policy/property_test_simple.c policy/heard.h
policy_property_test_CFLAGS = $(TEST_CFLAGS)
policy_property_test_LDADD = $(policy_test_libs)
endif
EXTRA_DIST += policy/golden
