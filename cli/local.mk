# SPDX-License-Identifier: Apache-2.0
# All but the two main()s, so that the tests can hold the tables against the man pages.
noinst_LTLIBRARIES += libcli.la
libcli_la_SOURCES = \
	cli/accesses.c cli/accesses.h \
	cli/admin/admin.h \
	cli/admin/approve.c \
	cli/admin/audit_list.c \
	cli/admin/clock_accept.c \
	cli/admin/deny.c \
	cli/admin/digest.c cli/admin/digest.h \
	cli/admin/end.c \
	cli/admin/explanation.c cli/admin/explanation.h \
	cli/admin/key_file.c cli/admin/key_file.h \
	cli/admin/keys_export.c \
	cli/admin/keys_list.c \
	cli/admin/keys_retire.c \
	cli/admin/keys_rotate.c \
	cli/admin/list.c \
	cli/admin/lock.c \
	cli/admin/metrics.c cli/admin/metrics.h \
	cli/admin/pending.c \
	cli/admin/policy_check.c \
	cli/admin/policy_expect.c \
	cli/admin/policy_explain.c \
	cli/admin/policy_files.c cli/admin/policy_files.h \
	cli/admin/policy_become.c cli/admin/policy_become.h \
	cli/admin/policy_names.c cli/admin/policy_names.h \
	cli/admin/policy_reload.c \
	cli/admin/revoke.c \
	cli/admin/sessions.c \
	cli/admin/show.c \
	cli/admin/status.c \
	cli/admin/steps.c cli/admin/steps.h \
	cli/admin/token_explain.c \
	cli/admin/unlock.c \
	cli/admin/verify.c cli/admin/verify.h \
	cli/command.c cli/command.h \
	cli/connection.c cli/connection.h \
	cli/help.c cli/help.h \
	cli/interrupt.c cli/interrupt.h \
	cli/jit.c \
	cli/subject/asking.c cli/subject/asking.h \
	cli/subject/askpass.c \
	cli/subject/cancel.c \
	cli/subject/jit.h \
	cli/subject/list.c \
	cli/subject/mint.c cli/subject/mint.h \
	cli/subject/present.c \
	cli/subject/prompt.c cli/subject/prompt.h \
	cli/subject/request.c \
	cli/subject/show.c \
	cli/subject/terminal.c cli/subject/terminal.h \
	cli/subject/token.c \
	cli/subject/wait.c \
	cli/subject/watch.c cli/subject/watch.h \
	cli/jitd_admin.c \
	cli/json.c cli/json.h \
	cli/listing.c cli/listing.h \
	cli/table.c cli/table.h \
	cli/token_line.c cli/token_line.h \
	cli/user_key.c cli/user_key.h \
	cli/when.c cli/when.h
libcli_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
libcli_la_LIBADD = libpolicy.la libtoken.la libwire.la libbase.la $(JANSSON_LIBS)

bin_PROGRAMS += cli/jit cli/jitd-admin
cli_jit_SOURCES = cli/subject/main.c
cli_jit_CFLAGS = $(AM_CFLAGS) $(JIT_PIE_CFLAGS)
cli_jit_LDFLAGS = $(AM_LDFLAGS) $(JIT_PIE_LDFLAGS)
cli_jit_LDADD = libcli.la
cli_jitd_admin_SOURCES = cli/admin/main.c
cli_jitd_admin_CFLAGS = $(AM_CFLAGS) $(JIT_PIE_CFLAGS)
cli_jitd_admin_LDFLAGS = $(AM_LDFLAGS) $(JIT_PIE_LDFLAGS)
cli_jitd_admin_LDADD = libcli.la

# the name under which ssh and sudo call it: they pass a prompt and nothing else
install-exec-hook:
	ln -sf jit '$(DESTDIR)$(bindir)/jit-askpass'
uninstall-hook: uninstall-askpass
uninstall-askpass:
	rm -f '$(DESTDIR)$(bindir)/jit-askpass'
.PHONY: uninstall-askpass

dist_man_MANS += cli/jit.1 cli/jitd-admin.8

if HAVE_CMOCKA
cli_tests = cli/askpass_test cli/explain_test cli/keys_test cli/listing_test cli/policy_check_test cli/policy_explain_test \
	cli/request_test cli/subject/prompt_test cli/talk_test cli/token_test cli/usage_test
check_PROGRAMS += $(cli_tests)
TESTS += $(cli_tests)
check_LTLIBRARIES += libclitest.la
libclitest_la_SOURCES = \
	cli/cli_test_jitd.c cli/cli_test_jitd.h \
	cli/cli_test_rows.c cli/cli_test_rows.h
libclitest_la_CFLAGS = $(TEST_CFLAGS)
libclitest_la_LIBADD = libcli.la $(CMOCKA_LIBS) -lutil
cli_askpass_test_SOURCES = cli/askpass_test.c
cli_askpass_test_CFLAGS = $(TEST_CFLAGS)
cli_askpass_test_LDADD = libclitest.la
cli_explain_test_SOURCES = cli/explain_test.c
cli_explain_test_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
cli_explain_test_LDADD = libclitest.la libtokentest.la
cli_keys_test_SOURCES = cli/keys_test.c
cli_keys_test_CFLAGS = $(TEST_CFLAGS)
cli_keys_test_LDADD = libclitest.la
cli_listing_test_SOURCES = cli/listing_test.c
cli_listing_test_CFLAGS = $(TEST_CFLAGS)
cli_listing_test_LDADD = libclitest.la
cli_policy_check_test_SOURCES = cli/policy_check_test.c
cli_policy_check_test_CFLAGS = $(TEST_CFLAGS)
cli_policy_check_test_LDADD = libclitest.la
cli_policy_explain_test_SOURCES = cli/policy_explain_test.c
cli_policy_explain_test_CFLAGS = $(TEST_CFLAGS) $(JANSSON_CFLAGS)
cli_policy_explain_test_LDADD = libclitest.la $(JANSSON_LIBS)
cli_request_test_SOURCES = cli/request_test.c
cli_request_test_CFLAGS = $(TEST_CFLAGS)
cli_request_test_LDADD = libclitest.la
cli_subject_prompt_test_SOURCES = cli/subject/prompt_test.c
cli_subject_prompt_test_CFLAGS = $(TEST_CFLAGS)
cli_subject_prompt_test_LDADD = libclitest.la
cli_talk_test_SOURCES = cli/talk_test.c
cli_talk_test_CFLAGS = $(TEST_CFLAGS)
cli_talk_test_LDADD = libclitest.la
cli_token_test_SOURCES = cli/token_test.c
cli_token_test_CFLAGS = $(TEST_CFLAGS)
cli_token_test_LDADD = libclitest.la
cli_usage_test_SOURCES = cli/usage_test.c
cli_usage_test_CFLAGS = $(TEST_CFLAGS)
cli_usage_test_LDADD = libclitest.la
endif
