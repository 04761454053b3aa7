# SPDX-License-Identifier: Apache-2.0
# What spans the rooms of jitd: a whole daemon, real clients, a real database.
if HAVE_CMOCKA
check_LTLIBRARIES += libdaemontest.la
libdaemontest_la_SOURCES = \
	tests/daemon/harness.c tests/daemon/clients.c tests/daemon/harness.h \
	tests/daemon/disk.c tests/daemon/disk.h tests/daemon/crowd.c tests/daemon/crowd.h \
	tests/daemon/accounts.c tests/daemon/accounts.h tests/daemon/people.c tests/daemon/people.h \
	tests/daemon/clocks.c tests/daemon/clocks.h \
	tests/daemon/siege.c tests/daemon/siege.h tests/daemon/logins.c tests/daemon/logins.h \
	tests/daemon/locksmith.c tests/daemon/locksmith.h \
	tests/daemon/ssh_keys.c tests/daemon/ssh_keys.h
libdaemontest_la_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
libdaemontest_la_LIBADD = libjitd.la $(SQLITE_LIBS) $(CMOCKA_LIBS)
# another issuer; token and policy both have a read_reason
check_LTLIBRARIES += libprovidertest.la
libprovidertest_la_SOURCES = tests/daemon/provider.c tests/daemon/provider.h \
	tests/daemon/arrivals.c tests/daemon/arrivals.h tests/daemon/trusting.c tests/daemon/trusting.h \
	token/token_test_sign.c token/token_test_sign.h
libprovidertest_la_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) -Dread_reason=read_token_reason
libprovidertest_la_LIBADD = libdaemontest.la $(OPENSSL_LIBS)

JITD_DAEMON_TESTS = jitd/txn_test jitd/fault_test jitd/full_disk_test jitd/uses_test \
	jitd/approval_test jitd/request_test jitd/hostile_test jitd/crowding_test \
	jitd/ending_test jitd/conversation_test jitd/login_test jitd/typed_test jitd/guess_test jitd/issue_test \
	jitd/typed_race_test jitd/canary_test jitd/vote_test jitd/standing_test jitd/reload_test jitd/terms_test \
	jitd/instant_test jitd/redate_test jitd/purge_test jitd/log_test jitd/listing_test \
	jitd/keep_test jitd/recheck_test \
	jitd/interleaving_test jitd/rotation_test jitd/retirement_test jitd/rekey_race_test \
	jitd/rekey_start_test jitd/rotation_load_test \
	jitd/binding_test jitd/user_key_test \
	jitd/foreign_test jitd/foreign_rule_test jitd/foreign_door_test jitd/foreign_binding_test \
	jitd/issuers_test jitd/explain_test jitd/examples_test
check_PROGRAMS += $(JITD_DAEMON_TESTS)
TESTS += $(JITD_DAEMON_TESTS)
# what is on disk after a kill is the same with sanitizers, and each start takes them ten times as long
JITD_KILLING_TESTS = jitd/crash_test jitd/rekey_crash_test
check_PROGRAMS += $(JITD_KILLING_TESTS)
if !SANITIZED
TESTS += $(JITD_KILLING_TESTS)
endif
jitd_foreign_test_SOURCES = jitd/foreign_test.c
jitd_foreign_test_CFLAGS = $(TEST_CFLAGS)
jitd_foreign_test_LDADD = libprovidertest.la
jitd_foreign_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_foreign_rule_test_SOURCES = jitd/foreign_rule_test.c
jitd_foreign_rule_test_CFLAGS = $(TEST_CFLAGS)
jitd_foreign_rule_test_LDADD = libprovidertest.la
jitd_foreign_rule_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_foreign_door_test_SOURCES = jitd/foreign_door_test.c
jitd_foreign_door_test_CFLAGS = $(TEST_CFLAGS)
jitd_foreign_door_test_LDADD = libprovidertest.la
jitd_foreign_door_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_foreign_binding_test_SOURCES = jitd/foreign_binding_test.c
jitd_foreign_binding_test_CFLAGS = $(TEST_CFLAGS)
jitd_foreign_binding_test_LDADD = libprovidertest.la
jitd_foreign_binding_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_explain_test_SOURCES = jitd/explain_test.c
jitd_explain_test_CFLAGS = $(TEST_CFLAGS)
jitd_explain_test_LDADD = libprovidertest.la
jitd_explain_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_examples_test_SOURCES = jitd/examples_test.c
jitd_examples_test_CFLAGS = $(TEST_CFLAGS)
jitd_examples_test_LDADD = libprovidertest.la
jitd_examples_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_issuers_test_SOURCES = jitd/issuers_test.c
jitd_issuers_test_CFLAGS = $(TEST_CFLAGS)
jitd_issuers_test_LDADD = libprovidertest.la
jitd_issuers_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime -Wl,--wrap=file_read
jitd_retirement_test_SOURCES = jitd/retirement_test.c
jitd_retirement_test_CFLAGS = $(TEST_CFLAGS)
jitd_retirement_test_LDADD = libdaemontest.la
jitd_retirement_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_rotation_test_SOURCES = jitd/rotation_test.c
jitd_rotation_test_CFLAGS = $(TEST_CFLAGS)
jitd_rotation_test_LDADD = libdaemontest.la
jitd_rotation_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_rekey_race_test_SOURCES = jitd/rekey_race_test.c
jitd_rekey_race_test_CFLAGS = $(TEST_CFLAGS)
jitd_rekey_race_test_LDADD = libdaemontest.la
jitd_rekey_race_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=loop_work
jitd_rekey_crash_test_SOURCES = jitd/rekey_crash_test.c
jitd_rekey_crash_test_CFLAGS = $(TEST_CFLAGS)
jitd_rekey_crash_test_LDADD = libdaemontest.la
jitd_rekey_crash_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=fsync -Wl,--wrap=mkdir \
	-Wl,--wrap=renameat -Wl,--wrap=unlinkat -Wl,--wrap=store_run
jitd_rekey_start_test_SOURCES = jitd/rekey_start_test.c
jitd_rekey_start_test_CFLAGS = $(TEST_CFLAGS)
jitd_rekey_start_test_LDADD = libdaemontest.la
jitd_rekey_start_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_rotation_load_test_SOURCES = jitd/rotation_load_test.c
jitd_rotation_load_test_CFLAGS = $(TEST_CFLAGS)
jitd_rotation_load_test_LDADD = libdaemontest.la
jitd_rotation_load_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_txn_test_SOURCES = jitd/txn_test.c
jitd_txn_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_txn_test_LDADD = libdaemontest.la
jitd_txn_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=send
jitd_ending_test_SOURCES = jitd/ending_test.c
jitd_ending_test_CFLAGS = $(TEST_CFLAGS)
jitd_ending_test_LDADD = libdaemontest.la
jitd_fault_test_SOURCES = jitd/fault_test.c
jitd_fault_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_fault_test_LDADD = libdaemontest.la
jitd_fault_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=timer_start -Wl,--wrap=loop_turn \
	-Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=strdup
jitd_full_disk_test_SOURCES = jitd/full_disk_test.c
jitd_full_disk_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_full_disk_test_LDADD = libdaemontest.la
jitd_full_disk_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=txn_leave -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot \
	-Wl,--wrap=process_boot_id
jitd_crash_test_SOURCES = jitd/crash_test.c
jitd_crash_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_crash_test_LDADD = libdaemontest.la
jitd_uses_test_SOURCES = jitd/uses_test.c
jitd_uses_test_CFLAGS = $(TEST_CFLAGS)
jitd_uses_test_LDADD = libdaemontest.la -lpthread
jitd_approval_test_SOURCES = jitd/approval_test.c
jitd_approval_test_CFLAGS = $(TEST_CFLAGS)
jitd_approval_test_LDADD = libdaemontest.la
jitd_approval_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id \
	-Wl,--wrap=loop_work
jitd_vote_test_SOURCES = jitd/vote_test.c
jitd_vote_test_CFLAGS = $(TEST_CFLAGS)
jitd_vote_test_LDADD = libdaemontest.la
jitd_vote_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_standing_test_SOURCES = jitd/standing_test.c
jitd_standing_test_CFLAGS = $(TEST_CFLAGS)
jitd_standing_test_LDADD = libdaemontest.la
jitd_standing_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=names_lookup -Wl,--wrap=store_run
jitd_keep_test_SOURCES = jitd/keep_test.c
jitd_keep_test_CFLAGS = $(TEST_CFLAGS)
jitd_keep_test_LDADD = libdaemontest.la
jitd_keep_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id
jitd_recheck_test_SOURCES = jitd/recheck_test.c
jitd_recheck_test_CFLAGS = $(TEST_CFLAGS)
jitd_recheck_test_LDADD = libdaemontest.la
jitd_recheck_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id -Wl,--wrap=clock_ticks -Wl,--wrap=names_lookup \
	-Wl,--wrap=store_run -Wl,--wrap=timer_start
jitd_reload_test_SOURCES = jitd/reload_test.c
jitd_reload_test_CFLAGS = $(TEST_CFLAGS)
jitd_reload_test_LDADD = libdaemontest.la
jitd_reload_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=names_lookup
jitd_terms_test_SOURCES = jitd/terms_test.c
jitd_terms_test_CFLAGS = $(TEST_CFLAGS)
jitd_terms_test_LDADD = libdaemontest.la
jitd_terms_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_instant_test_SOURCES = jitd/instant_test.c
jitd_instant_test_CFLAGS = $(TEST_CFLAGS)
jitd_instant_test_LDADD = libdaemontest.la
jitd_instant_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id \
	-Wl,--wrap=timerfd_settime
jitd_redate_test_SOURCES = jitd/redate_test.c
jitd_redate_test_CFLAGS = $(TEST_CFLAGS)
jitd_redate_test_LDADD = libdaemontest.la
jitd_redate_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id
jitd_purge_test_SOURCES = jitd/purge_test.c
jitd_purge_test_CFLAGS = $(TEST_CFLAGS)
jitd_purge_test_LDADD = libdaemontest.la
jitd_purge_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id \
	-Wl,--wrap=timer_start -Wl,--wrap=store_run
jitd_listing_test_SOURCES = jitd/listing_test.c
jitd_listing_test_CFLAGS = $(TEST_CFLAGS)
jitd_listing_test_LDADD = libdaemontest.la
jitd_listing_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_ticks
jitd_log_test_SOURCES = jitd/log_test.c
jitd_log_test_CFLAGS = $(TEST_CFLAGS)
jitd_log_test_LDADD = libdaemontest.la
jitd_request_test_SOURCES = jitd/request_test.c
jitd_request_test_CFLAGS = $(TEST_CFLAGS)
jitd_request_test_LDADD = libdaemontest.la
jitd_request_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_hostile_test_SOURCES = jitd/hostile_test.c
jitd_hostile_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_hostile_test_LDADD = libdaemontest.la
jitd_hostile_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_ticks
jitd_crowding_test_SOURCES = jitd/crowding_test.c
jitd_crowding_test_CFLAGS = $(TEST_CFLAGS)
jitd_crowding_test_LDADD = libdaemontest.la
jitd_crowding_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_ticks
jitd_conversation_test_SOURCES = jitd/conversation_test.c
jitd_conversation_test_CFLAGS = $(TEST_CFLAGS)
jitd_conversation_test_LDADD = libdaemontest.la
jitd_conversation_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_ticks
jitd_login_test_SOURCES = jitd/login_test.c
jitd_login_test_CFLAGS = $(TEST_CFLAGS)
jitd_login_test_LDADD = libdaemontest.la
jitd_login_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_boot -Wl,--wrap=process_boot_id
jitd_typed_test_SOURCES = jitd/typed_test.c
jitd_typed_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_typed_test_LDADD = libdaemontest.la
jitd_typed_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_guess_test_SOURCES = jitd/guess_test.c
jitd_guess_test_CFLAGS = $(TEST_CFLAGS)
jitd_guess_test_LDADD = libdaemontest.la
jitd_guess_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=clock_ticks
jitd_issue_test_SOURCES = jitd/issue_test.c
jitd_issue_test_CFLAGS = $(TEST_CFLAGS)
jitd_issue_test_LDADD = libdaemontest.la
jitd_issue_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_typed_race_test_SOURCES = jitd/typed_race_test.c
jitd_typed_race_test_CFLAGS = $(TEST_CFLAGS)
jitd_typed_race_test_LDADD = libdaemontest.la -lpthread
jitd_typed_race_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_canary_test_SOURCES = jitd/canary_test.c
jitd_canary_test_CFLAGS = $(TEST_CFLAGS)
jitd_canary_test_LDADD = libdaemontest.la
jitd_canary_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_binding_test_SOURCES = jitd/binding_test.c tests/daemon/crew.c tests/daemon/crew.h
jitd_binding_test_CFLAGS = $(TEST_CFLAGS)
jitd_binding_test_LDADD = libdaemontest.la -lpthread
jitd_binding_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=loop_work
jitd_user_key_test_SOURCES = jitd/user_key_test.c
jitd_user_key_test_CFLAGS = $(TEST_CFLAGS)
jitd_user_key_test_LDADD = libdaemontest.la
jitd_user_key_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall
jitd_interleaving_test_SOURCES = jitd/interleaving_test.c tests/daemon/model.c tests/daemon/model.h \
	tests/daemon/record.c tests/daemon/record.h tests/daemon/outcome.c tests/daemon/outcome.h \
	tests/daemon/panel.c tests/daemon/panel.h tests/daemon/crew.c tests/daemon/crew.h
jitd_interleaving_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_interleaving_test_LDADD = libdaemontest.la $(SQLITE_LIBS) -lpthread
jitd_interleaving_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_wall -Wl,--wrap=loop_work
endif
