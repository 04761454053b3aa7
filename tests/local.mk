# SPDX-License-Identifier: Apache-2.0
# lint that needs nothing but a shell, awk and binutils; the rest comes with tests/run
dist_check_SCRIPTS += tests/lint/rooms tests/lint/style tests/lint/binaries
if !SANITIZED
TESTS += tests/lint/rooms tests/lint/style tests/lint/binaries
endif

# the inputs of the fuzz targets, in every build
check_PROGRAMS += tests/fuzz/replay_policy tests/fuzz/replay_token
tests_fuzz_replay_policy_SOURCES = tests/fuzz/replay.c tests/fuzz/policy.c
tests_fuzz_replay_policy_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_replay_policy_LDADD = libpolicy.la libbase.la
tests_fuzz_replay_token_SOURCES = tests/fuzz/replay.c tests/fuzz/token.c tests/fuzz/token_keys.h
tests_fuzz_replay_token_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_replay_token_LDADD = libtoken.la libbase.la $(OPENSSL_LIBS) $(JANSSON_LIBS)
dist_check_SCRIPTS += tests/fuzz/replay_test
TESTS += tests/fuzz/replay_test

# tokens of every kind of attack, and good ones, through the reader
check_PROGRAMS += tests/hostile/reader
tests_hostile_reader_SOURCES = tests/hostile/reader.c
tests_hostile_reader_CFLAGS = $(TEST_CFLAGS)
tests_hostile_reader_LDADD = libtoken.la libbase.la
dist_check_SCRIPTS += tests/hostile/reader_test
TESTS += tests/hostile/reader_test

EXTRA_PROGRAMS = $(BENCH_BUILDS)
# by hand: make tests/bench/policy tests/bench/token
if HAVE_CMOCKA
EXTRA_PROGRAMS += tests/bench/policy tests/bench/token
tests_bench_policy_SOURCES = tests/bench/policy.c tests/bench/timing.c tests/bench/timing.h \
	token/token_test_sign.c token/token_test_sign.h
# both rooms have a read_reason, which no other program links
tests_bench_policy_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) -Dread_reason=read_token_reason
tests_bench_policy_LDADD = libtoken.la libpolicy.la libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_bench_token_SOURCES = tests/bench/timing.c tests/bench/timing.h tests/bench/token.c
tests_bench_token_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(LIBJWT_CFLAGS)
tests_bench_token_LDADD = libtokentest.la $(OPENSSL_LIBS) $(LIBJWT_LIBS)
endif

# make bench: what a check costs beside its peers (tests/bench/run)
BENCH_BUILDS = tests/bench/pam tests/bench/socket tests/bench/floor tests/bench/sink tests/bench/polkit \
	tests/bench/opens
BENCH_MODULES = tests/bench/floor_pam.la
EXTRA_LTLIBRARIES = $(BENCH_MODULES)
BENCH_LOAD = tests/bench/load.c tests/bench/load.h
tests_bench_pam_SOURCES = tests/bench/pam.c $(BENCH_LOAD)
tests_bench_pam_CFLAGS = $(TEST_CFLAGS)
tests_bench_pam_LDADD = -lpam
tests_bench_socket_SOURCES = tests/bench/socket.c $(BENCH_LOAD)
tests_bench_socket_CFLAGS = $(TEST_CFLAGS)
tests_bench_socket_LDADD = libwire.la libbase.la
tests_bench_floor_SOURCES = tests/bench/floor.c $(BENCH_LOAD)
tests_bench_floor_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(SQLITE_CFLAGS) -pthread
tests_bench_floor_LDADD = libtoken.la libbase.la $(OPENSSL_LIBS) $(SQLITE_LIBS)
tests_bench_sink_SOURCES = tests/bench/sink.c $(BENCH_LOAD)
tests_bench_sink_CFLAGS = $(TEST_CFLAGS)
tests_bench_polkit_SOURCES = tests/bench/polkit.c $(BENCH_LOAD)
tests_bench_polkit_CFLAGS = $(TEST_CFLAGS) $(DBUS_CFLAGS)
tests_bench_polkit_LDADD = $(DBUS_LIBS)
tests_bench_opens_SOURCES = tests/bench/opens.c $(BENCH_LOAD)
tests_bench_opens_CFLAGS = $(TEST_CFLAGS)
tests_bench_opens_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed # as a program that uses PAM
tests_bench_opens_LDADD = -lpam
tests_bench_floor_pam_la_SOURCES = tests/bench/floor_pam.c
tests_bench_floor_pam_la_CFLAGS = $(TEST_CFLAGS)
tests_bench_floor_pam_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(pamdir)
tests_bench_floor_pam_la_LIBADD = -lpam

bench: all $(BENCH_BUILDS) $(BENCH_MODULES)
	top_srcdir='$(top_srcdir)' top_builddir='$(top_builddir)' $(top_srcdir)/tests/bench/run $(BENCH)
.PHONY: bench

# of a folder where programs are built too, the files: what lies in the build would be taken along
EXTRA_DIST += .clang-tidy .ci/run tests/run tests/lint/verdict.sh tests/lint/format tests/lint/shell tests/lint/man \
	tests/lint/units tests/lint/cppcheck tests/lint/clang-tidy tests/debian-tree tests/e2e tests/system tests/sanitized \
	tests/coverage tests/fuzz/run tests/fuzz/token_seeds tests/fuzz/lsan.supp tests/fuzz/corpus \
	tests/lint/attacks tests/lint/mutants tests/attacks.md tests/mutants tests/dist \
	tests/bench/authority.py tests/bench/chart.py tests/bench/crowd.py tests/bench/figures.py tests/bench/host.py \
	tests/bench/measure.py tests/bench/mint.py tests/bench/part_disk.py tests/bench/part_pam.py tests/bench/part_scale.py \
	tests/bench/part_size.py tests/bench/part_sockets.py tests/bench/peers.py tests/bench/place.py tests/bench/refusals.py \
	tests/bench/run tests/bench/sessions.py tests/bench/subjects.py \
	tests/hostile/curve.py tests/hostile/der.py tests/hostile/forge.py tests/hostile/generate.py tests/hostile/keys.py \
	tests/hostile/kinds_claims.py tests/hostile/kinds_foreign.py tests/hostile/kinds_form.py \
	tests/hostile/kinds_good.py tests/hostile/kinds_header.py tests/hostile/kinds_json.py \
	tests/hostile/kinds_signature.py tests/hostile/read_all.py tests/hostile/reader_test tests/hostile/respell.py
dist-hook:
	rm -rf '$(distdir)/tests/e2e/__pycache__' '$(distdir)/tests/sanitized/__pycache__' \
		'$(distdir)/tests/system/__pycache__'
