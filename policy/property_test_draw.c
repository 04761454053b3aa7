/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/property_test_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const people[] = {"alice", "bob", "carol", "%dba", "%ops"};
static const char *const groups[] = {"dba", "ops", "alice"};
static const char *const rule_scopes[] = {"sudo:root", "sudo:*",  "su:*", "sudo:a*",     "su:w?b",
                                          "*:web",     "ssh:~",   "*:~",  "s?:root",     "sudo:~",
                                          "su*:a",     "su:root", "*:*",  "login:alice", "sudo:web",
                                          "*o:?",      "ssh:*b*", "su:~", "sudo:???"};
/* the first ones are those that a rule with commands may have */
static const char *const sudo_scopes[] = {"sudo:root", "sudo:*",   "sudo:a*",
                                          "sudo:~",    "sudo:web", "sudo:???"};
static const char *const asked_scopes[] = {"sudo:root", "sudo:a",      "sudo:ab",  "sudo:web",
                                           "su:web",    "su:root",     "su:a",     "ssh:alice",
                                           "ssh:bob",   "login:alice", "sudo:bob", "su:wb",
                                           "su:alice",  "login:carol", "su:wobweb"};
static const char *const odd_scopes[] = {"",
                                         " ",
                                         "sudo:root ",
                                         " sudo:root",
                                         "sudo:*",
                                         "ssh:~",
                                         "sudo-i:root",
                                         "sshd:alice",
                                         "sudo",
                                         "sudo:root\n",
                                         "SUDO root",
                                         "sudo:root,",
                                         "sudo:root\tsudo:web",
                                         "sudo:",
                                         ":root",
                                         "sudo:root  sudo:a",
                                         "sudo:a:b",
                                         "*:*",
                                         "su:web su:web"};
static const char *const rule_commands[] = {"/bin/a", "/bin/a *",  "/bin/*",
                                            "/*/a ?", "/bin/a b*", "/b?n/a /etc/*"};
static const char *const asked_commands[] = {
        "/bin/a",    "/bin/ab",    "/bin/a b",      "/bin/a bb", "/bin/a /b",
        "/sbin/a x", "/bin/a b c", "/bin/a /etc/x", "/b/a",      "/bin/a /etc/x/y"};
static const char *const rule_hosts[] = {"*", "db*", "db?.x", "*.x", "h1", "H*", "DB1.x"};
static const char *const asked_hosts[] = {"h1",     "H1",    "db1", "db1.x", "DB2.X",
                                          "db11.x", "a.b.x", "x",   "h1.x"};
static const char *const rule_trusts[] = {"gitlab", "github"};
static const char *const asked_trusts[] = {"gitlab", "github", "gitlab2", "GitLab"};
static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

unsigned int draw_below(uint64_t *seed, unsigned int bound)
{
	return (unsigned int)((draw(seed) >> 11) % bound);
}

static bool one_in(uint64_t *seed, unsigned int n)
{
	return draw_below(seed, n) == 0;
}

static const char *draw_word(uint64_t *seed, const char *const *table, size_t count)
{
	return table[draw_below(seed, (unsigned int)count)];
}

/* Up to `most` different words, and `least`. */
static struct words draw_words(uint64_t *seed, const char *const *table, size_t count, size_t least,
                               size_t most)
{
	struct words words = {0};
	size_t wanted = least + draw_below(seed, (unsigned int)(most - least + 1));

	while (words.count < wanted) {
		const char *word = draw_word(seed, table, count);
		bool twice = false;
		for (size_t i = 0; i < words.count; i++)
			twice |= !strcasecmp(words.items[i], word);
		if (!twice)
			words.items[words.count++] = word;
	}
	return words;
}

struct hours draw_window(uint64_t *seed)
{
	struct hours hours = {.begin = draw_below(seed, 1440), .end = 1 + draw_below(seed, 1440)};
	bool any = false;

	if (one_in(seed, 4))
		hours.begin = hours.begin / 360 * 360;
	if (one_in(seed, 4))
		hours.end = (hours.end + 359) / 360 * 360;
	if (hours.begin == hours.end)
		hours.begin--;
	if (one_in(seed, 6))
		hours.begin = 0, hours.end = 1440;
	for (int i = 0; i < 7; i++)
		any |= hours.days[i] = !one_in(seed, 3);
	if (!any)
		hours.days[draw_below(seed, 7)] = true;
	return hours;
}

static struct sketch draw_sketch(uint64_t *seed, bool deny)
{
	struct sketch rule = {.deny = deny, .who = draw_words(seed, people, COUNT(people), 1, 3)};

	if (!deny && one_in(seed, 4)) {
		rule.commands = draw_words(seed, rule_commands, COUNT(rule_commands), 1, 3);
		rule.scope = draw_words(seed, sudo_scopes, COUNT(sudo_scopes), 1, 3);
	} else {
		rule.scope = draw_words(seed, rule_scopes, COUNT(rule_scopes), 1, 3);
	}
	if (!one_in(seed, 3))
		rule.hosts = draw_words(seed, rule_hosts, COUNT(rule_hosts), 1, 3);
	if (one_in(seed, 4))
		rule.via = draw_word(seed, rule_trusts, COUNT(rule_trusts));
	if (one_in(seed, 2))
		rule.when_count = 1 + draw_below(seed, 2);
	for (size_t i = 0; i < rule.when_count; i++)
		rule.when[i] = draw_window(seed);
	if (rule.when_count == 2 && !memcmp(&rule.when[0], &rule.when[1], sizeof(rule.when[0])))
		rule.when_count = 1; /* the same one twice is refused */
	return rule;
}

struct sketches draw_sketches(uint64_t *seed)
{
	struct sketches sketches = {.count = draw_below(seed, SKETCH_RULES + 1)};

	for (size_t i = 0; i < sketches.count; i++)
		sketches.rules[i] = draw_sketch(seed, one_in(seed, 5));
	sketches.rules[sketches.count++] = draw_sketch(seed, true);
	return sketches;
}

struct asked draw_asked(uint64_t *seed)
{
	struct asked asked = {
	        .user = draw_word(seed, people, 3),
	        .groups = draw_words(seed, groups, COUNT(groups), 0, 3),
	        .scopes = draw_words(seed, asked_scopes, COUNT(asked_scopes), 1,
	                             one_in(seed, 4) ? 3 : 1),
	        .here = draw_word(seed, asked_hosts, COUNT(asked_hosts)),
	        .known = !one_in(seed, 16),
	        .day = draw_below(seed, 7),
	        .minute = draw_below(seed, 1440),
	};

	asked.odd = one_in(seed, 24);
	if (asked.odd)
		asked.scopes = draw_words(seed, odd_scopes, COUNT(odd_scopes), 1, 1);
	if (one_in(seed, 2))
		asked.host = draw_word(seed, asked_hosts, COUNT(asked_hosts));
	if (one_in(seed, 8))
		asked.here = NULL;
	if (one_in(seed, 2))
		asked.command = draw_word(seed, asked_commands, COUNT(asked_commands));
	if (one_in(seed, 6))
		asked.via = draw_word(seed, asked_trusts, COUNT(asked_trusts));
	return asked;
}

/* ---- writing ---- */

static const char *blank(uint64_t *seed)
{
	static const char *const blanks[] = {" ", "\n", "\t", " # note \" { }\n", "  "};

	return draw_word(seed, blanks, COUNT(blanks));
}

static void write_words(FILE *out, uint64_t *seed, const char *key, const struct words *words)
{
	if (!words->count)
		return;
	fprintf(out, "%s%s%s=%s{", blank(seed), key, blank(seed), blank(seed));
	for (size_t i = 0; i < words->count; i++)
		fprintf(out, "\"%s\"%s", words->items[i], i + 1 < words->count ? ", " : "");
	fputs("}", out);
}

static void write_days(FILE *out, uint64_t *seed, const bool *days)
{
	const char *comma = "";

	for (int i = 0; i < 7; i++) {
		int last = i;
		while (last < 6 && days[last + 1])
			last++;
		if (!days[i])
			continue;
		if (last > i && !one_in(seed, 3)) {
			fprintf(out, "%s%s-%s", comma, day_words[i], day_words[last]);
			i = last;
		} else {
			fprintf(out, "%s%s", comma, day_words[i]);
		}
		comma = ",";
	}
}

static void write_hours(FILE *out, uint64_t *seed, const struct hours *hours)
{
	bool all = true, whole = hours->begin == 0 && hours->end == 1440;

	for (int i = 0; i < 7; i++)
		all &= hours->days[i];
	if (!all || whole || one_in(seed, 2)) {
		write_days(out, seed, hours->days);
		if (whole && one_in(seed, 2))
			return;
		fputs(" ", out);
	}
	fprintf(out, "%02u:%02u-%02u:%02u", hours->begin / 60, hours->begin % 60, hours->end / 60,
	        hours->end % 60);
}

static void write_sketch(FILE *out, uint64_t *seed, const struct sketch *rule, size_t number)
{
	fprintf(out, "rule \"r%zu\" {", number);
	write_words(out, seed, "who", &rule->who);
	write_words(out, seed, "scope", &rule->scope);
	write_words(out, seed, "commands", &rule->commands);
	write_words(out, seed, "hosts", &rule->hosts);
	if (rule->via)
		fprintf(out, " via = \"%s\"", rule->via);
	if (rule->when_count)
		fprintf(out, "%swhen = {", blank(seed));
	for (size_t i = 0; i < rule->when_count; i++) {
		fputs(i ? ", \"" : "\"", out);
		write_hours(out, seed, &rule->when[i]);
		fputs("\"", out);
	}
	/* typed: whoever comes in over ssh as somebody else */
	fprintf(out, "%s%s%s}\n", rule->when_count ? "}" : "",
	        rule->deny ? " effect = \"deny\"" : " approvals = 0 present = \"typed\"",
	        blank(seed));
}

char *sketches_text(const struct sketches *sketches, uint64_t *seed)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < sketches->count; i++)
		write_sketch(out, seed, &sketches->rules[i], i);
	if (!out || fclose(out))
		abort();
	return text;
}
