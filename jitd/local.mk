# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += jitd/jitd.8
noinst_LTLIBRARIES += libjitd.la
libjitd_la_SOURCES = \
	jitd/access.c jitd/access.h \
	jitd/approval.c \
	jitd/arrival.c jitd/arrival.h \
	jitd/approver.c jitd/approver.h \
	jitd/audit.c jitd/audit.h \
	jitd/binding.c jitd/binding.h \
	jitd/bring.c \
	jitd/call.c jitd/call.h \
	jitd/check.c jitd/check.h jitd/check_parts.h \
	jitd/check_session.c \
	jitd/checklist.c jitd/checklist.h \
	jitd/clock.c jitd/clock.h \
	jitd/codes.c jitd/codes.h \
	jitd/daemon.c jitd/jitd.h \
	jitd/dismissal.c jitd/dismissal.h \
	jitd/dispatch.c jitd/dispatch.h \
	jitd/door.c jitd/door.h \
	jitd/end_session.c \
	jitd/ending.c jitd/ending.h \
	jitd/explain.c jitd/explain.h \
	jitd/floor.c jitd/floor.h \
	jitd/foreign_token.c jitd/foreign_token.h \
	jitd/grant.c jitd/grant.h \
	jitd/held.c jitd/held.h \
	jitd/instant.c jitd/instant.h \
	jitd/issue.c jitd/issue.h \
	jitd/issuers.c jitd/issuers.h \
	jitd/judge.c jitd/judge.h jitd/reason.def \
	jitd/key_folder.c jitd/key_folder.h \
	jitd/key_plan.c jitd/key_plan.h \
	jitd/key_rows.c jitd/key_rows.h \
	jitd/keys.c jitd/keys.h \
	jitd/listing.c jitd/listing.h jitd/listing_access.c jitd/listing_parts.h \
	jitd/lock.c jitd/lock.h \
	jitd/loop.c jitd/loop.h \
	jitd/mint.c jitd/mint.h \
	jitd/names.c jitd/names.h \
	jitd/names_cache.c jitd/names_cache.h \
	jitd/names_crew.c jitd/names_crew.h \
	jitd/order.c jitd/order.h \
	jitd/parent.c jitd/parent.h \
	jitd/peer.c jitd/peer.h \
	jitd/present.c jitd/present.h \
	jitd/privileges.c jitd/privileges.h \
	jitd/process.c jitd/process.h \
	jitd/purge.c jitd/purge.h \
	jitd/question.c jitd/question.h \
	jitd/readings.c jitd/readings.h \
	jitd/reaper.c jitd/reaper.h \
	jitd/recheck.c jitd/recheck.h \
	jitd/redate.c jitd/redate.h \
	jitd/rekey.c jitd/rekey.h \
	jitd/reload.c jitd/reload.h \
	jitd/remark.c jitd/remark.h \
	jitd/request.c \
	jitd/reservation.c jitd/reservation.h \
	jitd/revocation.c jitd/revocation.h \
	jitd/rotation.c jitd/rotation.h \
	jitd/rules.c jitd/rules.h \
	jitd/session.c jitd/session.h \
	jitd/shown.c jitd/shown.h \
	jitd/sockets.c jitd/sockets.h \
	jitd/standing.c jitd/standing.h \
	jitd/status.c jitd/status.h \
	jitd/subject.c jitd/subject.h \
	jitd/store.c jitd/store.h jitd/schema.def jitd/statements.def \
	jitd/sweep.c jitd/sweep.h \
	jitd/timekeeper.c jitd/timekeeper.h \
	jitd/txn.c jitd/txn.h \
	jitd/unwritten.c jitd/unwritten.h \
	jitd/vote.c jitd/vote.h \
	jitd/warning.c jitd/warning.h \
	jitd/wish.c jitd/wish.h
libjitd_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(SQLITE_CFLAGS) $(LIBJWT_CFLAGS)
libjitd_la_LIBADD = libtoken.la libpolicy.la libwire.la libbase.la $(UV_LIBS) $(SQLITE_LIBS) $(LIBJWT_LIBS) -lpthread

sbin_PROGRAMS += jitd/jitd
jitd_jitd_SOURCES = jitd/main.c jitd/freed.c
jitd_jitd_CFLAGS = $(AM_CFLAGS) $(JIT_PIE_CFLAGS)
jitd_jitd_LDFLAGS = $(AM_LDFLAGS) $(JIT_PIE_LDFLAGS)
jitd_jitd_LDADD = libjitd.la

JITD_UNIT_TESTS = jitd/access_test jitd/codes_test jitd/door_test jitd/floor_test jitd/key_folder_test jitd/key_plan_test jitd/keys_test jitd/loop_test jitd/mint_test jitd/names_test jitd/names_cache_test jitd/process_test jitd/privileges_test jitd/readings_test jitd/sockets_test jitd/sockets_passed_test jitd/store_lock_test jitd/statements_test jitd/timekeeper_test jitd/inside_test jitd/shown_test
if HAVE_CMOCKA
check_PROGRAMS += $(JITD_UNIT_TESTS)
TESTS += $(JITD_UNIT_TESTS)
endif
jitd_access_test_SOURCES = jitd/access_test.c
jitd_access_test_CFLAGS = $(TEST_CFLAGS)
jitd_access_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_shown_test_SOURCES = jitd/shown_test.c
jitd_shown_test_CFLAGS = $(TEST_CFLAGS)
jitd_shown_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_codes_test_SOURCES = jitd/codes_test.c
jitd_codes_test_CFLAGS = $(TEST_CFLAGS)
jitd_codes_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_door_test_SOURCES = jitd/door_test.c
jitd_door_test_CFLAGS = $(TEST_CFLAGS)
jitd_door_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_floor_test_SOURCES = jitd/floor_test.c
jitd_floor_test_CFLAGS = $(TEST_CFLAGS)
jitd_floor_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_key_folder_test_SOURCES = jitd/key_folder_test.c
jitd_key_folder_test_CFLAGS = $(TEST_CFLAGS)
jitd_key_folder_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=cleanup_secret
jitd_key_folder_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_key_plan_test_SOURCES = jitd/key_plan_test.c
jitd_key_plan_test_CFLAGS = $(TEST_CFLAGS)
jitd_key_plan_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_keys_test_SOURCES = jitd/keys_test.c
jitd_keys_test_CFLAGS = $(TEST_CFLAGS)
jitd_keys_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=cleanup_secret
jitd_keys_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_mint_test_SOURCES = jitd/mint_test.c
jitd_mint_test_CFLAGS = $(TEST_CFLAGS)
jitd_mint_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_names_test_SOURCES = jitd/names_test.c jitd/names_test_nss.c jitd/names_test_nss.h
jitd_names_test_CFLAGS = $(TEST_CFLAGS)
jitd_names_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=identity_by_uid -Wl,--wrap=identity_by_name \
	-Wl,--wrap=clock_gettime -Wl,--wrap=timer_start -Wl,--wrap=stat
jitd_names_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_names_cache_test_SOURCES = jitd/names_cache_test.c
jitd_names_cache_test_CFLAGS = $(TEST_CFLAGS)
jitd_names_cache_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=stat
jitd_names_cache_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_process_test_SOURCES = jitd/process_test.c
jitd_process_test_CFLAGS = $(TEST_CFLAGS)
jitd_process_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_loop_test_SOURCES = jitd/loop_test.c
jitd_loop_test_CFLAGS = $(TEST_CFLAGS)
jitd_loop_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_readings_test_SOURCES = jitd/readings_test.c
jitd_readings_test_CFLAGS = $(TEST_CFLAGS)
jitd_readings_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=peers_count -Wl,--wrap=loop_work
jitd_readings_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_privileges_test_SOURCES = jitd/privileges_test.c
jitd_privileges_test_CFLAGS = $(TEST_CFLAGS)
jitd_privileges_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_sockets_test_SOURCES = jitd/sockets_test.c
jitd_sockets_test_CFLAGS = $(TEST_CFLAGS)
jitd_sockets_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_sockets_passed_test_SOURCES = jitd/sockets_passed_test.c
jitd_sockets_passed_test_CFLAGS = $(TEST_CFLAGS)
jitd_sockets_passed_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_store_lock_test_SOURCES = jitd/store_lock_test.c
jitd_store_lock_test_CFLAGS = $(TEST_CFLAGS)
jitd_store_lock_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_statements_test_SOURCES = jitd/statements_test.c
jitd_statements_test_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
jitd_statements_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_timekeeper_test_SOURCES = jitd/timekeeper_test.c
jitd_timekeeper_test_CFLAGS = $(TEST_CFLAGS)
jitd_timekeeper_test_LDADD = libjitd.la $(CMOCKA_LIBS)
jitd_inside_test_SOURCES = jitd/inside_test.c
jitd_inside_test_CFLAGS = $(TEST_CFLAGS)
jitd_inside_test_LDADD = libjitd.la $(CMOCKA_LIBS)
include jitd/tests.mk
