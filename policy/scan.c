/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lexer.h"
#include "policy/nearest.h"

#define KEYS_SIZE 512
#define SHOWN     64 /* bytes of a wrong word that its message shows */

struct scanner {
	struct lexer lexer;
	const struct conf_grammar *grammar;
	struct complaints *complaints;
	struct conf *conf;
};

/* A value as it stands in the text. */
struct value {
	enum lexeme_kind kind; /* LEXEME_OPEN: a list */
	struct lexeme first;
	size_t count, end;
	bool bare; /* a list with a value that is no string */
};

static bool says(const struct scanner *scanner, const struct lexeme *lexeme, const char *text)
{
	return lexeme->length == strlen(text) &&
	       !strncmp(scanner->lexer.text + lexeme->start, text, lexeme->length);
}

/* Blanks what libconfuse is not to see; newlines stay, for its count of lines. */
static void blank(struct scanner *scanner, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (scanner->lexer.text[i] != '\n')
			scanner->lexer.text[i] = ' ';
}

static int syntax(struct scanner *scanner, const char *expected)
{
	const struct lexeme *now = &scanner->lexer.now;

	if (now->kind == LEXEME_END)
		return complain(scanner->complaints, scanner->lexer.last, NULL,
		                "the file ends too early; expected %s", expected);
	return complain(scanner->complaints, now->line, NULL, "unexpected %.*s; expected %s",
	                (int)(now->length < SHOWN ? now->length : SHOWN),
	                scanner->lexer.text + now->start, expected);
}

static struct conf_block *add_block(struct scanner *scanner, const struct conf_kind *kind,
                                    unsigned int line)
{
	struct conf *conf = scanner->conf;
	struct conf_block *grown = conf->blocks;

	/* doubled where it is full, at powers of two */
	if (!(conf->count & (conf->count - 1)))
		grown = reallocarray(grown, conf->count ? conf->count * 2 : 1, sizeof(*grown));
	if (!grown)
		return NULL;
	conf->blocks = grown;
	grown[conf->count] = (struct conf_block){.kind = kind, .line = line};
	for (size_t i = conf->count; i-- > 0;)
		if (grown[i].kind == kind) {
			grown[conf->count].nth = grown[i].nth + 1;
			break;
		}
	return &grown[conf->count++];
}

static int add_entry(struct conf_block *block, const struct conf_key *key, unsigned int line,
                     size_t expected)
{
	struct conf_entry *grown = reallocarray(block->entries, block->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	block->entries = grown;
	grown[block->count++] = (struct conf_entry){.key = key, .line = line, .expected = expected};
	return 0;
}

static const struct conf_key *find_key(const struct scanner *scanner, const struct conf_kind *kind,
                                       const struct lexeme *name)
{
	for (size_t i = 0; i < kind->key_count; i++)
		if (says(scanner, name, kind->keys[i].name))
			return &kind->keys[i];
	return NULL;
}

/* The names of the keys that a kind takes, as a hint. */
static void list_keys(const struct conf_kind *kind, char ret_text[static KEYS_SIZE])
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < kind->key_count && used < KEYS_SIZE; i++)
		if (kind->keys[i].type != CONF_LATER)
			used += (size_t)snprintf(ret_text + used, KEYS_SIZE - used, "%s%s",
			                         used ? " " : "", kind->keys[i].name);
}

/* The key that was probably meant; NULL: none is near. */
static const struct conf_key *find_near(const struct conf_kind *kind, const char *name)
{
	const struct conf_key *nearest = NULL;
	size_t best = strlen(name) / 3 + 1;

	for (size_t i = 0; i < kind->key_count; i++) {
		size_t distance = word_distance(name, kind->keys[i].name);
		if (kind->keys[i].type != CONF_LATER && distance < best) {
			best = distance;
			nearest = &kind->keys[i];
		}
	}
	return nearest;
}

static int refuse_unknown(struct scanner *scanner, const struct conf_kind *kind, unsigned int line,
                          const char *name, const struct conf_key *key)
{
	const struct conf_key *near = find_near(kind, name);
	char known[KEYS_SIZE];

	if (key)
		return complain(scanner->complaints, line, name,
		                "not known to this version; take it out");
	if (!kind->key_count)
		return complain(scanner->complaints, line, name,
		                "a key outside every block; write it into one");
	if (near)
		return complain(scanner->complaints, line, name, "unknown key; did you mean %s?",
		                near->name);
	list_keys(kind, known);
	return complain(scanner->complaints, line, name, "unknown key; known here: %s", known);
}

static bool is_number(const struct scanner *scanner, const struct lexeme *word)
{
	const char *text = scanner->lexer.text + word->start;

	return word->kind == LEXEME_WORD && word->length < 19 &&
	       strspn(text, "0123456789") >= word->length && (*text != '0' || word->length == 1);
}

static bool is_of_type(const struct scanner *scanner, enum conf_type type,
                       const struct value *value)
{
	switch (type) {
	case CONF_STRING:
		return value->kind == LEXEME_STRING;
	case CONF_LIST:
		return value->kind == LEXEME_OPEN && !value->bare && value->count <= CONF_LIST_MAX;
	case CONF_NUMBER:
		return is_number(scanner, &value->first);
	case CONF_BOOL:
		return value->kind == LEXEME_WORD && (says(scanner, &value->first, "true") ||
		                                      says(scanner, &value->first, "false"));
	case CONF_LATER:
		break;
	}
	return false;
}

static int refuse_type(struct scanner *scanner, const struct conf_key *key, unsigned int line)
{
	static const struct {
		const char *takes, *example;
	} right[] = {
	        [CONF_LATER] = {"is not known to this version", ""},
	        [CONF_STRING] = {"takes one string, in double quotes", " = \"...\""},
	        [CONF_LIST] = {"takes a list of at most 256 strings, in braces and double quotes",
	                       " = {\"...\", \"...\"}"},
	        [CONF_NUMBER] = {"takes a whole number, in decimal digits without quotes, sign or "
	                         "leading zero",
	                         " = 2"},
	        [CONF_BOOL] = {"takes true or false, without quotes", " = true"},
	};

	return complain(scanner->complaints, line, key->name, "%s: %s%s", right[key->type].takes,
	                key->name, right[key->type].example);
}

/* After the opening brace, through the closing one. */
static int scan_list(struct scanner *scanner, struct value *value)
{
	struct lexer *lexer = &scanner->lexer;

	for (;;) {
		int r;
		if (lexer->now.kind == LEXEME_CLOSE)
			return 0;
		if (lexer->now.kind != LEXEME_STRING && lexer->now.kind != LEXEME_WORD)
			return syntax(scanner, "a value in double quotes, or } to end the list");
		value->bare |= lexer->now.kind == LEXEME_WORD;
		value->count++;
		r = lexer_next(lexer);
		if (r < 0)
			return r;
		if (lexer->now.kind == LEXEME_CLOSE)
			return 0;
		if (lexer->now.kind != LEXEME_COMMA)
			return syntax(scanner, "a comma, or } to end the list");
		r = lexer_next(lexer);
		if (r < 0)
			return r;
	}
}

/* From the first lexeme of the value to the one after it. */
static int scan_value(struct scanner *scanner, struct value *value)
{
	struct lexer *lexer = &scanner->lexer;
	int r;

	*value = (struct value){.kind = lexer->now.kind, .first = lexer->now, .count = 1};
	if (value->kind == LEXEME_OPEN) {
		value->count = 0;
		r = lexer_next(lexer);
		if (r == 0)
			r = scan_list(scanner, value);
		if (r < 0)
			return r;
	} else if (value->kind != LEXEME_STRING && value->kind != LEXEME_WORD) {
		return syntax(scanner, "a value");
	}
	value->end = lexer->now.start + lexer->now.length;
	return lexer_next(lexer);
}

/* 0, or -EINVAL when the key is refused (reported), -ENOMEM. */
static int take_entry(struct scanner *scanner, struct conf_block *block, const struct lexeme *name,
                      const struct value *value)
{
	const struct conf_key *key = find_key(scanner, block->kind, name);
	char shown[SHOWN + 1];

	(void)snprintf(shown, sizeof(shown), "%.*s",
	               (int)(name->length < SHOWN ? name->length : SHOWN),
	               scanner->lexer.text + name->start);
	if (!key || key->type == CONF_LATER)
		return refuse_unknown(scanner, block->kind, name->line, shown, key);
	if (!is_of_type(scanner, key->type, value))
		return refuse_type(scanner, key, name->line);
	for (size_t i = 0; i < block->count; i++)
		if (block->entries[i].key == key)
			return complain(scanner->complaints, name->line, key->name,
			                "given twice, first in line %u; leave one",
			                block->entries[i].line);
	return add_entry(block, key, name->line, value->count);
}

/* After the '='. */
static int scan_assignment(struct scanner *scanner, struct conf_block *block,
                           const struct lexeme *name)
{
	struct value value;
	int r = scan_value(scanner, &value);

	if (r < 0)
		return r;
	r = take_entry(scanner, block, name, &value);
	if (r != -EINVAL)
		return r;
	block->damaged = true;
	blank(scanner, name->start, value.end);
	return 0;
}

/* After the opening brace of a block that is refused, through its closing one. */
static int skip_block(struct scanner *scanner, size_t start)
{
	struct lexer *lexer = &scanner->lexer;

	for (size_t depth = 1; depth;) {
		int r;
		depth += lexer->now.kind == LEXEME_OPEN;
		depth -= lexer->now.kind == LEXEME_CLOSE;
		if (lexer->now.kind == LEXEME_END)
			return syntax(scanner, "a } that ends the block");
		if (!depth)
			blank(scanner, start, lexer->at);
		r = lexer_next(lexer);
		if (r < 0)
			return r;
	}
	return 0;
}

/* After the opening brace. */
static int scan_block(struct scanner *scanner, struct conf_block *block)
{
	struct lexer *lexer = &scanner->lexer;

	while (lexer->now.kind != LEXEME_CLOSE) {
		struct lexeme name = lexer->now;
		int r;
		if (name.kind == LEXEME_END)
			return complain(scanner->complaints, block->line, block->kind->name,
			                "the block that begins here has no end; close it with }");
		if (name.kind != LEXEME_WORD)
			return syntax(scanner, "a key, or } to end the block");
		r = lexer_next(lexer);
		if (r < 0)
			return r;
		if (lexer->now.kind != LEXEME_EQUALS)
			return syntax(scanner, "= after the key");
		r = lexer_next(lexer);
		if (r == 0)
			r = scan_assignment(scanner, block, &name);
		if (r < 0)
			return r;
	}
	return lexer_next(lexer);
}

static const struct conf_kind *find_kind(const struct scanner *scanner, const struct lexeme *name)
{
	for (size_t i = 0; i < scanner->grammar->count; i++) {
		const struct conf_kind *kind = &scanner->grammar->kinds[i];
		if (kind->name && says(scanner, name, kind->name))
			return kind;
	}
	return NULL;
}

static void refuse_block(struct scanner *scanner, const struct lexeme *name, const char *why)
{
	char shown[SHOWN + 1];

	(void)snprintf(shown, sizeof(shown), "%.*s",
	               (int)(name->length < SHOWN ? name->length : SHOWN),
	               scanner->lexer.text + name->start);
	complain(scanner->complaints, name->line, shown, "%s", why);
}

/* Has the block a title just where it takes one? Reports when not. */
static bool title_fits(struct scanner *scanner, const struct conf_kind *kind,
                       const struct lexeme *name, const struct lexeme *title)
{
	if (kind->titled == !!title->length)
		return true;
	if (kind->titled)
		complain(scanner->complaints, name->line, kind->name,
		         "has no title; write %s \"title\" {", kind->name);
	else
		complain(scanner->complaints, name->line, kind->name, "takes no title; write %s {",
		         kind->name);
	return false;
}

/* The kind of a block that can be read; NULL: reported. */
static const struct conf_kind *take_kind(struct scanner *scanner, const struct lexeme *name,
                                         const struct lexeme *title)
{
	const struct conf_kind *kind = find_kind(scanner, name);

	if (!kind)
		refuse_block(scanner, name, "unknown block; take it out, or write = after a key");
	else if (kind->later)
		refuse_block(scanner, name,
		             "a block that is not known to this version; take it out");
	else if (title_fits(scanner, kind, name, title))
		return kind;
	return NULL;
}

/* After the name, and the title where there is one: at the opening brace. */
static int scan_body(struct scanner *scanner, const struct lexeme *name, const struct lexeme *title)
{
	const struct conf_kind *kind = take_kind(scanner, name, title);
	struct conf_block *block;
	int r = lexer_next(&scanner->lexer);

	if (r < 0)
		return r;
	if (!kind)
		return skip_block(scanner, name->start);
	block = add_block(scanner, kind, name->line);
	if (!block)
		return -ENOMEM;
	if (title->length) {
		block->title = strndup(scanner->lexer.text + title->start + 1, title->length - 2);
		if (!block->title)
			return -ENOMEM;
		blank(scanner, title->start, title->start + title->length);
	}
	return scan_block(scanner, block);
}

static int scan_statement(struct scanner *scanner)
{
	struct lexer *lexer = &scanner->lexer;
	struct lexeme name = lexer->now, title = {0};
	int r = lexer_next(lexer);

	if (r < 0)
		return r;
	if (lexer->now.kind == LEXEME_EQUALS) {
		r = lexer_next(lexer);
		return r < 0 ? r : scan_assignment(scanner, &scanner->conf->blocks[0], &name);
	}
	if (lexer->now.kind == LEXEME_STRING) {
		title = lexer->now;
		r = lexer_next(lexer);
		if (r < 0)
			return r;
	}
	if (lexer->now.kind != LEXEME_OPEN)
		return syntax(scanner, title.length ? "{ after the title"
		                                    : "= after a key, or a title in double quotes");
	return scan_body(scanner, &name, &title);
}

int scan(char *text, const struct conf_grammar *grammar, struct complaints *complaints,
         struct conf *conf)
{
	struct scanner scanner = {.grammar = grammar, .complaints = complaints, .conf = conf};
	int r;

	if (!add_block(&scanner, &grammar->kinds[0], 1))
		return -ENOMEM;
	r = lexer_start(&scanner.lexer, text, complaints);
	while (r == 0 && scanner.lexer.now.kind != LEXEME_END)
		r = scanner.lexer.now.kind == LEXEME_WORD ? scan_statement(&scanner)
		                                          : syntax(&scanner, "a key or a block");
	return r;
}
