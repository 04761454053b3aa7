/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/model.h"

#include <string.h>

static const char *const step_words[STEP_KINDS] = {
        [STEP_APPROVE] = "approve", [STEP_DENY] = "deny",     [STEP_CANCEL] = "cancel",
        [STEP_REVOKE] = "revoke",   [STEP_RELOAD] = "reload", [STEP_TIME_OUT] = "(time out)",
        [STEP_SIGN] = "(sign)",
};

static const char *const said_words[SAID_KINDS] = {
        [SAID_NOTHING] = "",
        [SAID_WAITS] = "waits for more",
        [SAID_ACTIVE] = "active",
        [SAID_NOT_ACTIVE] = "did not become active",
        [SAID_COUNTED] = "counted",
        [SAID_DENIED] = "denied",
        [SAID_CANCELLED] = "cancelled",
        [SAID_RETURNED] = "returned",
        [SAID_REVOKED] = "revoked",
        [SAID_RULES] = "rules in force",
        [SAID_STATE] = "refused: already",
        [SAID_LATE] = "refused: too late",
        [SAID_DECIDED] = "refused: decided before",
        [SAID_DIGEST] = "refused: not what was shown",
        [SAID_LAPSED] = "refused: lapsed",
        [SAID_DURATION] = "refused: longer",
};

const char *step_word(enum step_kind kind)
{
	return step_words[kind];
}

const char *said_word(enum said said)
{
	return said_words[said];
}

/* ---- the table ---- */

enum turn { TURN_GRANT, TURN_DENIED, TURN_CANCEL, TURN_LAPSE, TURN_REVOKE, TURNS };

/* STATE_NONE: there is no such turn. */
static const enum access_state table[STATE_LAPSED + 1][TURNS] = {
        [STATE_PENDING] = {[TURN_GRANT] = STATE_ACTIVE,
                           [TURN_DENIED] = STATE_DENIED,
                           [TURN_CANCEL] = STATE_CANCELLED,
                           [TURN_LAPSE] = STATE_LAPSED,
                           [TURN_REVOKE] = STATE_DENIED},
        [STATE_ACTIVE] = {[TURN_CANCEL] = STATE_RETURNED, [TURN_REVOKE] = STATE_REVOKED},
};

/* What the two that need a table are told, by the state that they find. */
static const enum said told[STATE_LAPSED + 1][TURNS] = {
        [STATE_PENDING] = {[TURN_CANCEL] = SAID_CANCELLED, [TURN_REVOKE] = SAID_REVOKED},
        [STATE_ACTIVE] = {[TURN_CANCEL] = SAID_RETURNED, [TURN_REVOKE] = SAID_REVOKED},
};

/* ---- where it stands, on the way through one order ---- */

struct place {
	uint32_t done;    /* bit i: step i has counted */
	uint32_t waiting; /* ... and its answer is still to come */
	enum access_state state;
	unsigned int yes, no;
	int64_t seconds;
	bool timed_out, signs;
	bool ripe_in_time; /* what it needs was there before its time was out */
	enum model_rules rules;
	int64_t signed_for[MODEL_STEPS]; /* approve: what its signature is for; 0: too late for one
	                                  */
	bool was_active[MODEL_STEPS];    /* reload: when the rules came into force */
};

struct search {
	const struct story *story;
	unsigned long left; /* of places to look at */
};

static unsigned int count_of(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

static bool turn(struct place *place, enum turn how)
{
	enum access_state next = table[place->state][how];

	if (next == STATE_NONE)
		return false;
	place->state = next;
	return true;
}

/* Refusals that both words have in common; SAID_NOTHING: none. */
static enum said refusal_of(const struct place *place, const struct step *step, bool late)
{
	if (place->state != STATE_PENDING)
		return SAID_STATE;
	if (late)
		return SAID_LATE;
	if ((place->yes | place->no) & 1U << step->who)
		return SAID_DECIDED;
	return SAID_NOTHING;
}

static enum said approve(const struct story *story, struct place *place, size_t at, bool late)
{
	const struct step *step = &story->steps[at];
	enum said refusal = refusal_of(place, step, late);

	if (refusal != SAID_NOTHING)
		return refusal;
	if (step->other)
		return SAID_DIGEST;
	if (place->rules != RULES_AS_ASKED) {
		(void)turn(place, TURN_LAPSE);
		return SAID_LAPSED;
	}
	if (step->seconds > place->seconds)
		return SAID_DURATION;
	if (step->seconds)
		place->seconds = step->seconds;
	place->yes |= 1U << step->who;
	if (count_of(place->yes) < story->approvals)
		return SAID_WAITS;
	place->ripe_in_time |= !place->timed_out;
	place->signed_for[at] = place->timed_out ? 0 : place->seconds;
	place->waiting |= 1U << at;
	return SAID_NOTHING;
}

static enum said deny(const struct story *story, struct place *place, size_t at, bool late)
{
	const struct step *step = &story->steps[at];
	enum said refusal = refusal_of(place, step, late);

	if (refusal != SAID_NOTHING)
		return refusal;
	place->no |= 1U << step->who;
	if (count_of(place->no) < story->denials)
		return SAID_COUNTED;
	(void)turn(place, TURN_DENIED);
	return SAID_DENIED;
}

static enum said by_table(struct place *place, enum turn how)
{
	enum said said = told[place->state][how];

	return turn(place, how) ? said : SAID_STATE;
}

static enum said reload(const struct story *story, struct place *place, size_t at)
{
	const struct step *step = &story->steps[at];

	place->rules = step->rules;
	if (step->rules == RULES_CHANGED && place->state == STATE_PENDING)
		(void)turn(place, TURN_LAPSE);
	if (!step->revokes || step->rules == RULES_AS_ASKED)
		return SAID_RULES;
	if (step->rules == RULES_CHANGED) {
		if (place->state == STATE_ACTIVE)
			(void)turn(place, TURN_REVOKE);
		return SAID_RULES;
	}
	place->was_active[at] = place->state == STATE_ACTIVE; /* its subject is looked up first */
	place->waiting |= 1U << at;
	return SAID_NOTHING;
}

/* What a step does; SAID_NOTHING where the answer is for later, or never. */
static enum said take(const struct story *story, struct place *place, size_t at, bool late)
{
	switch (story->steps[at].kind) {
	case STEP_APPROVE:
		return approve(story, place, at, late);
	case STEP_DENY:
		return deny(story, place, at, late);
	case STEP_CANCEL:
		return by_table(place, TURN_CANCEL);
	case STEP_REVOKE:
		return by_table(place, TURN_REVOKE);
	case STEP_RELOAD:
		return reload(story, place, at);
	case STEP_TIME_OUT:
		place->timed_out = true;
		return SAID_NOTHING;
	case STEP_SIGN:
		place->signs = true;
		return SAID_NOTHING;
	case STEP_KINDS:
		break;
	}
	return SAID_KINDS;
}

/* ---- orders ---- */

static bool fits(const struct story *story, size_t at, enum said said, enum access_state state)
{
	const struct step *step = &story->steps[at];

	return step->said == said &&
	       ((said != SAID_STATE && said != SAID_NOT_ACTIVE) || step->state == state);
}

static bool go_on(struct search *search, const struct place *place);

/* Can what waits for its answer still get the one that was given? */
static bool may_wait(const struct step *step)
{
	return step->kind == STEP_RELOAD || step->said == SAID_ACTIVE ||
	       step->said == SAID_NOT_ACTIVE;
}

static bool after_step(struct search *search, struct place place, size_t at, bool late)
{
	const struct story *story = search->story;
	enum access_state before = place.state;
	enum said said = take(story, &place, at, late);

	place.done |= 1U << at;
	if (place.yes & ~story->yes || place.no & ~story->no)
		return false;
	if (place.waiting & 1U << at ? !may_wait(&story->steps[at])
	                             : !fits(story, at, said, before))
		return false;
	return go_on(search, &place);
}

/* Is everything past that was answered before this one was sent? */
static bool may_come(const struct story *story, const struct place *place, size_t at)
{
	for (size_t i = 0; i < story->count; i++)
		if (i != at && story->steps[i].answered < story->steps[at].sent &&
		    (!(place->done & 1U << i) || place->waiting & 1U << i))
			return false;
	return true;
}

/* What was sent before the time was out, and counted afterwards, may have read either time. */
static bool try_step(struct search *search, const struct place *place, size_t at)
{
	const struct story *story = search->story;
	bool surely = false;

	if (place->done & 1U << at || !may_come(story, place, at))
		return false;
	for (size_t i = 0; i < story->count; i++)
		surely |= story->steps[i].kind == STEP_TIME_OUT &&
		          story->steps[i].sent < story->steps[at].sent;
	if (!surely && after_step(search, *place, at, false))
		return true;
	return place->timed_out && after_step(search, *place, at, true);
}

/* The answer to a last approval, when its signature is back. */
static bool answer_approve(struct search *search, struct place place, size_t at)
{
	enum said said = place.state == STATE_ACTIVE ? SAID_ACTIVE : SAID_NOT_ACTIVE;

	if (!place.signs)
		return false;
	if (place.state == STATE_PENDING && !place.timed_out)
		return false; /* then it becomes active, whoever shortens it meanwhile, and not before */
	place.waiting &= ~(1U << at);
	return fits(search->story, at, said, place.state) && go_on(search, &place);
}

static bool answer_reload(struct search *search, struct place place, size_t at)
{
	if (place.was_active[at] && place.state == STATE_ACTIVE)
		(void)turn(&place, TURN_REVOKE);
	place.waiting &= ~(1U << at);
	return fits(search->story, at, SAID_RULES, place.state) && go_on(search, &place);
}

/* What happens without anybody's word. */
static bool try_alone(struct search *search, const struct place *place)
{
	const struct story *story = search->story;
	struct place next = *place;

	if (place->state == STATE_PENDING && place->signs && place->ripe_in_time &&
	    count_of(place->yes) >= story->approvals && count_of(place->no) < story->denials &&
	    turn(&next, TURN_GRANT) && go_on(search, &next))
		return true;
	next = *place;
	if (place->state == STATE_PENDING && place->timed_out && turn(&next, TURN_LAPSE) &&
	    go_on(search, &next))
		return true;
	for (size_t i = 0; i < story->count; i++) {
		bool approves = story->steps[i].kind == STEP_APPROVE;
		if (!(place->waiting & 1U << i))
			continue;
		if (approves ? answer_approve(search, *place, i) : answer_reload(search, *place, i))
			return true;
	}
	return false;
}

static bool is_the_end(const struct story *story, const struct place *place)
{
	return place->done == (1U << story->count) - 1 && !place->waiting &&
	       place->state == story->state && place->yes == story->yes && place->no == story->no &&
	       place->seconds == story->seconds;
}

static bool go_on(struct search *search, const struct place *place)
{
	if (is_the_end(search->story, place))
		return true;
	if (!search->left || !search->left--)
		return false;
	for (size_t i = 0; i < search->story->count; i++)
		if (try_step(search, place, i))
			return true;
	return try_alone(search, place);
}

enum model_verdict model_explains(const struct story *story)
{
	struct search search = {.story = story, .left = 5000000};
	struct place place = {
	        .state = STATE_PENDING, .seconds = story->asked, .signs = !story->held_back};

	if (go_on(&search, &place))
		return MODEL_EXPLAINS;
	return search.left ? MODEL_EXPLAINS_NOT : MODEL_GIVES_UP;
}

bool model_rests(const struct story *story)
{
	bool timed_out = false;

	if (story->state != STATE_PENDING)
		return true;
	for (size_t i = 0; i < story->count; i++)
		timed_out |= story->steps[i].kind == STEP_TIME_OUT;
	return !timed_out && count_of(story->yes) < story->approvals &&
	       count_of(story->no) < story->denials;
}
