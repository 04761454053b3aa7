/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals, denials, a cancellation, a revocation, new rules and the end of its time meet one
 * request in any order, several of them in flight at once and some while the token is signed. There
 * is one outcome, and the answers, the rows and the events all tell of that one: there must be an
 * order of the commands in which a model (tests/daemon/model.h) gives just these answers.
 *
 * JIT_ROUNDS: how many requests; JIT_SEED: other orders; JIT_FIRST: the round to begin with.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "config.h"

#include "jitd/clock.h"
#include "tests/daemon/accounts.h"
#include "tests/daemon/crew.h"
#include "tests/daemon/outcome.h"
#include "tests/daemon/panel.h"

#ifdef JIT_SANITIZED
#define ROUNDS 2000 /* each takes far longer */
#else
#define ROUNDS 8000
#endif
#define SEED    20240229
#define LIFE    300 /* seconds until a request lapses */
#define ASKED   1800
#define BETWEEN 30 /* seconds between requests */

/* ---- time ---- */

static int64_t ahead; /* clock_wall() hands no context over */

int64_t __real_clock_wall(void);
int64_t __wrap_clock_wall(void);
int64_t __wrap_clock_wall(void)
{
	return __real_clock_wall() + ahead;
}

/* ---- the host ---- */

/* Approvers say two things at once; who else speaks has a connection for each command. */
enum {
	LINE_APPROVER = 0,
	LINE_CANCEL = 2 * MODEL_APPROVERS,
	LINE_REVOKE,
	LINE_RELOAD,
	LINE_REQUEST,
	LINES
};

#define PERSON(uid)                                                                                \
	{                                                                                          \
		uid, uid                                                                           \
	}
static const struct person persons[LINES] = {
        PERSON(PANEL_APPROVER),
        PERSON(PANEL_APPROVER),
        PERSON(PANEL_APPROVER + 1),
        PERSON(PANEL_APPROVER + 1),
        PERSON(PANEL_APPROVER + 2),
        PERSON(PANEL_APPROVER + 2),
        [LINE_CANCEL] = PERSON(PANEL_ASKER),
        [LINE_REVOKE] = {0, LOGIN_UID_NONE},
        [LINE_RELOAD] = {0, LOGIN_UID_NONE},
        [LINE_REQUEST] = PERSON(PANEL_ASKER),
};

/* ---- what has happened so far ---- */

struct totals {
	unsigned int rounds, outcomes[OUTCOMES], said[SAID_KINDS];
	unsigned int refusals;  /* each has its event */
	unsigned int in_flight; /* the most at once */
};

struct run {
	struct host *host;
	struct crew crew;
	struct reader *reader;
	uint64_t random;
	unsigned int count; /* of all that happened, for sent and answered */
	struct totals totals;
	/* the round */
	uint32_t access;
	char digest[SHOWN_SIZE], other[SHOWN_SIZE]; /* other: of the request before */
	struct story story;
	enum model_rules rules;
	bool timed_out;
	struct message answer; /* of what is no step */
};

/* xorshift64* */
static unsigned int random_below(struct run *run, unsigned int limit)
{
	run->random ^= run->random >> 12;
	run->random ^= run->random << 25;
	run->random ^= run->random >> 27;
	return (unsigned int)((run->random * 2685821657736338717u >> 33) % limit);
}

/* ---- answers ---- */

static struct run *of_answers; /* an answer's context is its step */

static void answered(void *context, const struct message *answer)
{
	struct run *run = of_answers;
	struct step *step = context;

	if (!step) {
		run->answer = *answer;
		return;
	}
	step->said = said_by(answer);
	step->state = state_in(answer);
	step->answered = ++run->count;
	run->totals.said[step->said]++;
	run->totals.refusals += answer->id == MESSAGE_refused && step->said != SAID_NOT_ACTIVE;
}

/* A command that is no step: alone, and done. */
static void must(struct run *run, size_t line, const struct message *message)
{
	crew_send(&run->crew, line, message, NULL);
	crew_finish(&run->crew);
	if (run->answer.id != MESSAGE_done)
		fail_msg("refused: %s", run->answer.refused.text);
}

/* ---- steps ---- */

static struct step *add_step(struct run *run, struct step step)
{
	struct step *added = &run->story.steps[run->story.count];

	assert_true(run->story.count < MODEL_STEPS);
	*added = step;
	added->sent = added->answered = ++run->count;
	run->story.count++;
	return added;
}

static void send_step(struct run *run, size_t line, struct step step, const struct message *message)
{
	struct step *added = add_step(run, step);

	added->answered = UINT32_MAX;
	crew_send(&run->crew, line, message, added);
	if (run->crew.busy > run->totals.in_flight)
		run->totals.in_flight = (unsigned int)run->crew.busy;
}

/* A free connection of a person; LINES: none. */
static size_t free_line(const struct run *run, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		if (!run->crew.members[i].busy)
			return i;
	return LINES;
}

/* Mostly of what it is; else of the request before, or of nothing. */
static bool pick_digest(struct run *run, char digest[static SHOWN_SIZE])
{
	unsigned int lot = random_below(run, 20);

	memcpy(digest, lot == 0 && run->other[0] ? run->other : run->digest, SHOWN_SIZE);
	if (lot == 1)
		digest[5] = digest[5] == '0' ? '1' : '0';
	return lot == 1 || (lot == 0 && run->other[0]);
}

static bool send_approve(struct run *run)
{
	unsigned int who = random_below(run, MODEL_APPROVERS);
	size_t line = free_line(run, LINE_APPROVER + 2 * (size_t)who, 2);
	static const int64_t lengths[] = {900, 1200, ASKED, 3000};
	struct step step = {.kind = STEP_APPROVE, .who = who};
	struct message message = {.id = MESSAGE_approve};

	if (line == LINES)
		return false;
	if (random_below(run, 6) == 0)
		step.seconds = lengths[random_below(run, 4)];
	message.approve.access = run->access;
	message.approve.seconds = step.seconds ? step.seconds : WIRE_DEFAULT;
	step.other = pick_digest(run, message.approve.digest);
	send_step(run, line, step, &message);
	return true;
}

static bool send_deny(struct run *run)
{
	unsigned int who = random_below(run, MODEL_APPROVERS);
	size_t line = free_line(run, LINE_APPROVER + 2 * (size_t)who, 2);
	struct message message = deny_of(run->access);

	if (line == LINES)
		return false;
	if (random_below(run, 2))
		(void)pick_digest(run, message.deny.digest);
	send_step(run, line, (struct step){.kind = STEP_DENY, .who = who}, &message);
	return true;
}

static bool send_cancel(struct run *run)
{
	const struct message message = cancel_of(run->access);

	if (run->crew.members[LINE_CANCEL].busy)
		return false;
	send_step(run, LINE_CANCEL, (struct step){.kind = STEP_CANCEL}, &message);
	return true;
}

static bool send_revoke(struct run *run)
{
	const struct message message = revoke_of(run->access);

	if (run->crew.members[LINE_REVOKE].busy)
		return false;
	send_step(run, LINE_REVOKE, (struct step){.kind = STEP_REVOKE}, &message);
	return true;
}

static bool send_reload(struct run *run)
{
	struct step step = {.kind = STEP_RELOAD,
	                    .rules = (enum model_rules)random_below(run, MODEL_RULES),
	                    .revokes = random_below(run, 3) == 0};
	const struct message message = {.id = MESSAGE_reload, .reload.revoke = step.revokes};

	if (run->crew.members[LINE_RELOAD].busy)
		return false;
	run->rules = step.rules;
	panel_rules(run->host, step.rules);
	send_step(run, LINE_RELOAD, step, &message);
	return true;
}

/* The timer of the deadline comes now or later: a busy daemon's timers are late. */
static bool time_out(struct run *run)
{
	if (run->timed_out)
		return false;
	run->timed_out = true;
	ahead += LIFE + 60;
	add_step(run, (struct step){.kind = STEP_TIME_OUT});
	if (random_below(run, 2))
		timer_start(run->host->jitd->deadline, 0);
	return true;
}

static bool sign(struct run *run)
{
	bool held_back = run->story.held_back;

	for (size_t i = 0; i < run->story.count; i++)
		held_back &= run->story.steps[i].kind != STEP_SIGN;
	if (!held_back)
		return false;
	add_step(run, (struct step){.kind = STEP_SIGN});
	gate_open();
	return true;
}

static const struct {
	unsigned int weight;
	bool (*take)(struct run *run);
} kinds[] = {{50, send_approve}, {20, send_deny}, {4, send_cancel}, {3, send_revoke},
             {7, send_reload},   {4, time_out},   {12, sign}};

static bool take_a_step(struct run *run)
{
	unsigned int lot = random_below(run, 100);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (lot < kinds[i].weight)
			return kinds[i].take(run);
		lot -= kinds[i].weight;
	}
	return false;
}

/* ---- a round ---- */

/* What waits for the gate waits on. */
static void let_answers_come(struct run *run)
{
	for (unsigned int idle = 0; run->crew.busy && idle < 50; idle++) {
		size_t before = run->crew.busy;
		bool held = loop_work_in_flight(run->host->jitd->loop) > 0;
		crew_turn(&run->crew, !held);
		if (run->crew.busy != before || !held)
			idle = 0;
	}
}

/* Who somebody is, is looked up anew where that file has changed: meanwhile others go on. */
static void forget_names(void)
{
	assert_int_equal(utimensat(AT_FDCWD, "/etc/passwd", NULL, 0), 0);
}

static void let_time_pass(struct run *run)
{
	unsigned int lot = random_below(run, 100);

	if (random_below(run, 3) == 0)
		forget_names();
	if (lot < 35)
		return; /* the next one is sent in the same turn */
	if (lot >= 75) {
		let_answers_come(run);
		return;
	}
	for (unsigned int turns = 1 + lot % 4; turns; turns--)
		crew_turn(&run->crew, false);
}

static void ask(struct run *run)
{
	unsigned int n = 1 + random_below(run, PANEL_THRESHOLDS),
	             d = 1 + random_below(run, PANEL_THRESHOLDS);
	struct message message = request_of("", WIRE_DEFAULT, "");

	(void)snprintf(message.request.scope, sizeof(message.request.scope), "sudo:t%u%u", n, d);
	must(run, LINE_REQUEST, &message);
	run->access = run->answer.done.access;
	memcpy(run->other, run->digest, SHOWN_SIZE);
	shown_on_disk(run->host, run->access, run->digest);
	run->story = (struct story){.approvals = n, .denials = d, .asked = ASKED};
	run->timed_out = false;
}

static void play(struct run *run)
{
	unsigned int steps = 3 + random_below(run, 8);

	run->story.held_back = random_below(run, 2);
	if (run->story.held_back)
		gate_shut();
	while (run->story.count < steps)
		if (take_a_step(run))
			let_time_pass(run);
	let_answers_come(run);
	(void)sign(run);
	crew_finish(&run->crew);
	if (run->timed_out)
		timer_start(run->host->jitd->deadline, 0);
	crew_rest(&run->crew);
}

static void verify(struct run *run)
{
	struct record record;
	const char *wrong;

	record_read(run->reader, run->access, run->digest, &record);
	wrong = outcome_wrong(run->reader, run->access, &run->story, &record);
	run->totals.outcomes[outcome_of(&run->story, &record)]++;
	if (!wrong)
		return;
	story_print(run->access, &run->story, &record);
	record_print_log(run->reader, run->access);
	fail_msg("round %u: %s", run->totals.rounds, wrong);
}

/* The next one finds the host as this one did. */
static void tidy(struct run *run)
{
	const struct message reload = {.id = MESSAGE_reload}, cancel = cancel_of(run->access);

	if (run->story.state == STATE_PENDING || run->story.state == STATE_ACTIVE)
		must(run, LINE_CANCEL, &cancel);
	if (run->rules != RULES_AS_ASKED) {
		panel_rules(run->host, run->rules = RULES_AS_ASKED);
		must(run, LINE_RELOAD, &reload);
	}
	ahead += BETWEEN;
}

/* ---- all of it ---- */

static unsigned int number_from(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

static void print_totals(const struct totals *totals)
{
	for (int i = 0; i < OUTCOMES; i++)
		print_message("%6u  %5.1f %%  %s\n", totals->outcomes[i],
		              100.0 * totals->outcomes[i] / totals->rounds,
		              outcome_word((enum outcome)i));
	for (int i = SAID_NOTHING + 1; i < SAID_KINDS; i++)
		print_message("%6u  answers \"%s\"\n", totals->said[i], said_word((enum said)i));
	print_message("%6u  commands in flight at once, at most\n", totals->in_flight);
}

/* Enough of each for the figures to say something. */
static void expect_all_outcomes(const struct totals *totals)
{
	for (int i = 0; totals->rounds >= 1000 && i < OUTCOMES; i++)
		if (totals->outcomes[i] * 100 < totals->rounds)
			fail_msg("too seldom, %u of %u: %s", totals->outcomes[i], totals->rounds,
			         outcome_word((enum outcome)i));
	for (int i = SAID_NOTHING + 1; totals->rounds >= 1000 && i < SAID_KINDS; i++)
		if (!totals->said[i])
			fail_msg("never answered: %s", said_word((enum said)i));
}

static void run_rounds(struct run *run)
{
	unsigned int seed = number_from("JIT_SEED", SEED),
	             rounds = number_from("JIT_ROUNDS", ROUNDS);
	unsigned int first = number_from("JIT_FIRST", 0);

	for (unsigned int i = first; i < first + rounds; i++) {
		run->totals.rounds = i - first + 1;
		run->random = (uint64_t)seed << 32 | (i + 1);
		for (int warm = 0; warm < 8; warm++)
			(void)random_below(run, 2);
		ask(run);
		play(run);
		verify(run);
		tidy(run);
	}
}

static void every_interleaving_has_one_outcome(void **state)
{
	static struct run run;

	need_root("it speaks as several users");
	if (!*state) {
		print_message("skipped: no users of our own without a mount namespace\n");
		skip();
	}
	run = (struct run){.host = *state};
	of_answers = &run;
	crew_gather(&run.crew, run.host, persons, LINES, answered);
	run.reader = records_open(run.host, PANEL_APPROVER);
	run_rounds(&run);
	records_close(run.reader);
	crew_scatter(&run.crew);
	host_stop(run.host); /* writes the refusals that were counted */
	print_totals(&run.totals);
	expect_all_outcomes(&run.totals);
	assert_int_equal(on_disk(run.host, "SELECT sum(count) FROM event WHERE event = 'refused'"),
	                 run.totals.refusals);
}

static int begin(void **state)
{
	static struct host host;

	if (!*state)
		return 0;
	panel_come();
	host_make(&host, "", "");
	panel_rules(&host, RULES_AS_ASKED);
	host_start_here(&host);
	*state = &host;
	return 0;
}

static int end(void **state)
{
	gate_open();
	if (*state)
		host_remove(*state);
	return 0;
}

int main(void)
{
	static char here[] = "own mounts and accounts";
	bool own = own_mounts() && accounts_own() && mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0;
	const struct CMUnitTest tests[] = {
	        {"every_interleaving_has_one_outcome", every_interleaving_has_one_outcome, begin,
	         end, own ? here : NULL},
	};

	return cmocka_run_group_tests_name("interleaving", tests, NULL, NULL);
}
