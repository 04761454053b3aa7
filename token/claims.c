/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims, one step each: read, and held against what is expected. A claim that is not asked for
 * is skipped; nothing here is reached before the signature held (T1).
 */
#include "token/road.h"

#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "token/fingerprint.h"
#include "token/key.h"

/* The reason that stands for a result of document_text() and its like; 0 and -errno stay. */
static int reason_of(int result)
{
	if (result <= 0)
		return result;
	return result == DOCUMENT_ABSENT ? TOKEN_REASON_CLAIM_MISSING : TOKEN_REASON_CLAIMS;
}

/* ---- who, for whom ---- */

static int go_issuer(struct road *road)
{
	struct foreign_claims *claims = &road->claims;
	int result = document_text(&road->document, "iss", claims->iss, sizeof(claims->iss));

	if (result != 0)
		return reason_of(result);
	return strcmp(claims->iss, road->expectation->issuer) == 0 ? 0 : TOKEN_REASON_ISSUER;
}

/* RFC 7519 section 4.1.3: one of ours among several is enough. */
static int judge_audience(const struct road *road)
{
	const struct foreign_expectation *expectation = road->expectation;

	for (size_t i = 0; i < expectation->audience_count; i++) {
		int result = document_holds(&road->document, "aud", expectation->audiences[i]);
		if (result != DOCUMENT_OTHER)
			return reason_of(result);
	}
	return TOKEN_REASON_AUDIENCE;
}

static int go_audience(struct road *road)
{
	return judge_audience(road);
}

static const char *subject_claim(const struct road *road)
{
	return road->expectation->subject_claim ? road->expectation->subject_claim : "sub";
}

static int go_subject(struct road *road)
{
	return reason_of(document_text_at(&road->document, subject_claim(road),
	                                  road->claims.subject, road->rule->subject_size));
}

static int go_scope(struct road *road)
{
	const char *claim = road->expectation->scope_claim;

	if (!claim)
		return 0;
	return reason_of(document_text_at(&road->document, claim, road->claims.scope,
	                                  sizeof(road->claims.scope)));
}

/* ---- which ---- */

static int go_jti(struct road *road)
{
	int result = document_text(&road->document, "jti", road->claims.jti, road->rule->jti_size);

	return result == DOCUMENT_ABSENT && !road->rule->numbered ? 0 : reason_of(result);
}

/* Others have a claim of this name too, of whatever kind; it decides nothing. */
static int go_access(struct road *road)
{
	int64_t access = 0;
	int result = document_integer(&road->document, "access", 1, UINT32_MAX, &access);

	if (result == 0)
		road->claims.access = (uint32_t)access;
	return road->rule->numbered ? reason_of(result) : 0;
}

/* ---- when: all times and `now` are 0 or more, so that no difference overflows (T19) ---- */

static int read_time(const struct road *road, const char *name, int64_t min, int64_t *ret_time)
{
	return document_integer(&road->document, name, min, ROAD_TIME_MAX, ret_time);
}

static int judge_begin(const struct road *road, int64_t begin)
{
	int64_t leeway = road->expectation->leeway, ahead = begin - road->expectation->now;

	if (leeway > FOREIGN_LEEWAY_MAX)
		leeway = FOREIGN_LEEWAY_MAX;
	return ahead > (leeway > 0 ? leeway : 0) ? TOKEN_REASON_EARLY : 0;
}

static int go_iat(struct road *road)
{
	int result = read_time(road, "iat", 0, &road->claims.iat);

	road->claims.nbf = road->claims.iat;
	return result == 0 ? judge_begin(road, road->claims.iat) : reason_of(result);
}

static int go_nbf(struct road *road)
{
	int result = read_time(road, "nbf", 0, &road->claims.nbf);

	if (result == DOCUMENT_ABSENT)
		return 0;
	return result == 0 ? judge_begin(road, road->claims.nbf) : reason_of(result);
}

static int go_exp(struct road *road)
{
	int result = read_time(road, "exp", 0, &road->claims.exp);

	if (result != 0)
		return reason_of(result);
	return road->claims.exp <= road->expectation->now ? TOKEN_REASON_EXPIRED : 0;
}

static int go_lifetime(struct road *road)
{
	int64_t lifetime = road->claims.exp - road->claims.iat;

	if (lifetime < 1 || lifetime > road->expectation->lifetime_max ||
	    lifetime > TOKEN_LIFETIME_MAX)
		return TOKEN_REASON_LIFETIME;
	return 0;
}

static int go_until(struct road *road)
{
	int result = read_time(road, "until", 1, &road->claims.until);

	if (result == DOCUMENT_ABSENT)
		return 0;
	if (result != 0)
		return reason_of(result);
	return road->claims.until <= road->expectation->now ? TOKEN_REASON_EXPIRED : 0;
}

/* ---- under which conditions ---- */

/* RFC 7800: a confirmation that cannot be checked must not be passed over. */
static int go_binding(struct road *road)
{
	static const char *const ours[] = {"ssh"};
	struct document cnf;
	int result = document_object(&road->document, "cnf", &cnf);

	if (result == DOCUMENT_ABSENT)
		return 0;
	if (result != 0 || document_members_among(&cnf, ours, 1) != 0 ||
	    document_text(&cnf, "ssh", road->claims.cnf, TOKEN_CNF_SIZE) != 0)
		return TOKEN_REASON_BINDING;
	return fingerprint_is_good(road->claims.cnf) ? 0 : TOKEN_REASON_BINDING;
}

static const struct requirement *first_unmet(const struct road *road)
{
	const struct foreign_expectation *expectation = road->expectation;

	for (size_t i = 0; i < expectation->required_count; i++) {
		const struct requirement *required = &expectation->required[i];
		if (document_says(&road->document, required->claim, required->value) != 0)
			return required;
	}
	return NULL;
}

static int go_required(struct road *road)
{
	return first_unmet(road) ? TOKEN_REASON_REQUIRE : 0;
}

/* RFC 7519 section 4.1.7: a jti is unique at its issuer. A text has one spelling only (T12), so
 * that one token has one name either way. */
static int go_replay(struct road *road)
{
	struct foreign_claims *claims = &road->claims;
	const struct part *text = &road->form.signed_text;
	char both[sizeof(claims->iss) + sizeof(claims->jti)];
	size_t issuer = strlen(claims->iss) + 1, jti = strlen(claims->jti);

	if (road->rule->numbered)
		return 0; /* ours are burned by their jti, which jitd drew */
	if (jti == 0)
		return key_sha256_hex(text->text, text->length, claims->replay);
	memcpy(both, claims->iss, issuer);
	memcpy(both + issuer, claims->jti, jti);
	return key_sha256_hex(both, issuer + jti, claims->replay);
}

/* ---- for people ---- */

static void show_party(const struct road *road, const char *name, const char *need, char *ret_text,
                       size_t size)
{
	char is[TOKEN_STEP_SIZE], whole[2 * TOKEN_STEP_SIZE];

	document_print(&road->document, name, is, sizeof(is));
	best_effort(text_format(whole, sizeof(whole), "%s%s%s%s", is, *is && *need ? ", " : "",
	                        *need ? "need " : "", need));
	text_sanitize(ret_text, size, whole);
}

static void show_issuer(const struct road *road, const char *name, char *ret_text, size_t size)
{
	const char *issuer = road->expectation->issuer;

	show_party(road, name, strcmp(road->claims.iss, issuer) == 0 ? "" : issuer, ret_text, size);
}

static void show_audience(const struct road *road, const char *name, char *ret_text, size_t size)
{
	bool is_ours = judge_audience(road) == 0;

	show_party(road, name, is_ours ? "" : road->expectation->audiences[0], ret_text, size);
}

static void show_subject(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	document_print(&road->document, subject_claim(road), ret_text, size);
}

static void show_scope(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	if (road->expectation->scope_claim)
		document_print(&road->document, road->expectation->scope_claim, ret_text, size);
}

static void show_time(const struct road *road, const char *name, char *ret_text, size_t size)
{
	int64_t time = 0;
	char text[TIME_SIZE];

	document_print(&road->document, name, ret_text, size);
	if (read_time(road, name, 0, &time) != 0)
		return;
	format_time(time, text);
	best_effort(text_format(ret_text, size, "%s, %lld", text, (long long)time));
}

static void show_lifetime(const struct road *road, const char *name, char *ret_text, size_t size)
{
	char text[DURATION_SIZE];

	(void)name;
	format_duration(road->claims.exp - road->claims.iat, text);
	best_effort(text_format(ret_text, size, "%s", text));
}

/* The one that is not met; else how many there are. */
static void show_required(const struct road *road, const char *name, char *ret_text, size_t size)
{
	const struct requirement *unmet = first_unmet(road);
	char is[TOKEN_STEP_SIZE] = "", whole[4 * TOKEN_STEP_SIZE];

	(void)name;
	if (!unmet) {
		if (road->expectation->required_count > 0)
			best_effort(text_format(ret_text, size, "%zu claims",
			                        road->expectation->required_count));
		return;
	}
	document_print(&road->document, unmet->claim, is, sizeof(is));
	best_effort(text_format(whole, sizeof(whole), "%s is %s, need %s", unmet->claim,
	                        *is ? is : "not there", unmet->value));
	text_sanitize(ret_text, size, whole);
}

static void show_replay(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	best_effort(text_copy(ret_text, size, road->claims.replay));
}

const struct road_step claims_steps[] = {
        {"iss", go_issuer, show_issuer},
        {"aud", go_audience, show_audience},
        {"subject", go_subject, show_subject},
        {"scope", go_scope, show_scope},
        {"jti", go_jti, NULL},
        {"access", go_access, NULL},
        {"iat", go_iat, show_time},
        {"nbf", go_nbf, show_time},
        {"exp", go_exp, show_time},
        {"lifetime", go_lifetime, show_lifetime},
        {"until", go_until, show_time},
        {"cnf", go_binding, NULL},
        {"require", go_required, show_required},
        {"replay", go_replay, show_replay},
};
const size_t claims_step_count = sizeof(claims_steps) / sizeof(claims_steps[0]);
